using PageStore.Integration.Tests;

// As xunit.v3 generates it, with one more way in: a reader that may be killed needs a process of its own.
if (args is ["--reader", string path])
{
    return GuardedReader.Run(path);
}

return args.Any(arg => arg is "-automated" or "@@")
    ? await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args)
    : await Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions);
