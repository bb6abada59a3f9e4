using PageStore.Integration.Tests;

// As xunit.v3 generates it, with more ways in: who may be killed needs a process of its own.
if (args is ["--reader", string path])
{
    return GuardedReader.Run(path);
}

if (args is [KilledGuest.Role, string file, string kind, string way, string server])
{
    return KilledGuest.Run(file, kind, way, server);
}

if (args is [OfferingMonitor.Role, string offered, string socket])
{
    return OfferingMonitor.Run(offered, socket);
}

return args.Any(arg => arg is "-automated" or "@@")
    ? await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args)
    : await Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions);
