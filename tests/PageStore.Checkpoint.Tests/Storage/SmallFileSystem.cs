using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace PageStore.Checkpoint.Tests;

/// <summary>A real file system that is soon full: ext4 in a file where that can be mounted, else a tmpfs. Unmounted when disposed.</summary>
internal sealed class SmallFileSystem : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("pagestore-small-fs-").FullName;

    private SmallFileSystem() => Directory.CreateDirectory(Root);

    /// <summary>Where it is mounted.</summary>
    public string Root => Path.Combine(_folder, "mnt");

    /// <summary>What it is: ext4 or tmpfs.</summary>
    public string Kind { get; private set; } = "";

    /// <summary>Mounts one; skips the test with the reason where that is not allowed.</summary>
    public static SmallFileSystem MountOrSkip(int megabytes)
    {
        var system = new SmallFileSystem();
        string ext4 = system.MountExt4(megabytes);
        string tmpfs = ext4.Length == 0 ? "" : system.Mount("tmpfs", "-t", "tmpfs", "-o", $"size={megabytes}m", "pagestore-tests", system.Root);
        if (tmpfs.Length > 0)
        {
            system.Dispose();
            Xunit.Assert.Skip($"A small file system cannot be mounted here: run as root with the right to mount. ext4: {ext4}; tmpfs: {tmpfs}");
        }

        return system;
    }

    public void Dispose()
    {
        if (Kind.Length > 0)
        {
            // Lazily if something still holds it: the tests must not leave a mount behind.
            _ = Run("umount", Root).Length == 0 || Run("umount", "--lazy", Root).Length == 0;
        }

        Directory.Delete(_folder, recursive: true);
    }

    private string MountExt4(int megabytes)
    {
        string image = Path.Combine(_folder, "image");
        using (FileStream file = File.Create(image))
        {
            file.SetLength(megabytes * 1024L * 1024);
        }

        string failure = Run("mkfs.ext4", "-q", "-F", image);
        return failure.Length > 0 ? failure : Mount("ext4", "-t", "ext4", "-o", "loop", image, Root);
    }

    private string Mount(string kind, params string[] arguments)
    {
        string failure = Run("mount", arguments);
        Kind = failure.Length == 0 ? kind : Kind;
        return failure;
    }

    /// <summary>Runs a command; returns why it failed, or nothing.</summary>
    private static string Run(string command, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            Task<string> error = process.StandardError.ReadToEndAsync();
            process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            string code = process.ExitCode.ToString(CultureInfo.InvariantCulture);
            return process.ExitCode == 0 ? "" : $"{command} returned {code}: {error.GetAwaiter().GetResult().Trim()}";
        }
        catch (Win32Exception missing)
        {
            return $"{command}: {missing.Message}";
        }
    }
}
