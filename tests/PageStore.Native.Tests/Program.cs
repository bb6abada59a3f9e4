using PageStore.Native.Tests;

// As xunit.v3 generates it, with one more way in: some tests need a process of their own, which gives rights away or may be killed.
if (args is ["--child", string role])
{
    return GuardRoles.TryRun(role) ?? LazyRoles.TryRun(role) ?? CloneRoles.TryRun(role) ?? ChildRoles.Run(role);
}

return args.Any(arg => arg is "-automated" or "@@")
    ? await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args)
    : await Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions);
