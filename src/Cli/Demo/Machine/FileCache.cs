using System.ComponentModel;
using System.Diagnostics;
using Microsoft.Win32.SafeHandles;

namespace PageStore.Cli;

/// <summary>What the kernel remembers of a file.</summary>
internal static class FileCache
{
    /// <summary>Pages, and what names them (the kernel's Documentation/admin-guide/sysctl/vm.rst, drop_caches).</summary>
    private const string Everything = "3";

    /// <summary>Makes the kernel forget a file, so that the next read comes from the medium. Nobody must have it open.</summary>
    /// <returns>False if this process cannot have that: the file may be read from memory then.</returns>
    public static bool TryDrop(string path)
    {
        using (SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite))
        {
            // What is not written yet cannot be forgotten.
            RandomAccess.FlushToDisk(file);
        }

        return TryDropFile(path) || TryDropAll();
    }

    /// <summary>By dd, which asks for it (POSIX_FADV_DONTNEED) when it is to copy nothing of the file; a recipe of GNU coreutils' manual. Other files stay.</summary>
    private static bool TryDropFile(string path)
    {
        try
        {
            using Process dd = Process.Start(new ProcessStartInfo("dd", [$"if={path}", "iflag=nocache", "count=0", "status=none"]) { RedirectStandardError = true })!;
            dd.StandardError.ReadToEnd();
            dd.WaitForExit();
            return dd.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }

    private static bool TryDropAll()
    {
        try
        {
            File.WriteAllText("/proc/sys/vm/drop_caches", Everything);
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
