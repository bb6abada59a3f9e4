using PageStore.Native;
using PageStore.Native.Tests;
using Xunit;

namespace PageStore.Integration.Tests;

/// <summary>Tests that tell the process by its environment where Xen's libraries are. They run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class LibrariesCollection
{
    internal const string Name = XenDomain.LibrariesVariable;

    /// <summary>Runs something that finds the libraries of a host that the test plays. In this process, for the domain is in its memory.</summary>
    internal static T With<T>(FakeXen xen, Func<T> run)
    {
        Environment.SetEnvironmentVariable(Name, xen.Libraries);
        try
        {
            return run();
        }
        finally
        {
            Environment.SetEnvironmentVariable(Name, null);
        }
    }
}
