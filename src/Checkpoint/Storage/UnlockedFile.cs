using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PageStore.Checkpoint;

/// <summary>
/// Opens a file for reading without any lock. The framework takes a shared flock on every file it opens, whatever the sharing
/// asked for, and a shared lock is refused while a writer holds its exclusive one, and would in turn refuse the next writer.
/// </summary>
internal static partial class UnlockedFile
{
    private const int ReadOnly = 0;

    /// <summary>EINTR: the same number on all systems .NET runs on.</summary>
    private const int Interrupted = 4;

    /// <summary>O_CLOEXEC, from the systems' fcntl.h: a child process must not inherit the guest's memory.</summary>
    private static int CloseOnExec => OperatingSystem.IsLinux() ? 0x80000 : OperatingSystem.IsMacOS() ? 0x1000000 : 0x100000;

    /// <summary>Opens the file.</summary>
    /// <exception cref="IOException">It cannot be opened; <see cref="Exception.HResult"/> is the errno on Unix.</exception>
    public static SafeFileHandle OpenToRead(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }

        int descriptor;
        int errno;
        do
        {
            descriptor = Open(path, ReadOnly | CloseOnExec);
            errno = Marshal.GetLastPInvokeError();
        }
        while (descriptor < 0 && errno == Interrupted);

        return descriptor >= 0
            ? new SafeFileHandle(descriptor, ownsHandle: true)
            : throw new IOException(new Win32Exception(errno).Message, errno);
    }

    /// <summary>Whether an open file has no name any more: it was deleted, or another one was renamed over it. Known on Linux only.</summary>
    public static bool IsReplaced(SafeFileHandle file) => OperatingSystem.IsLinux()
        && new FileInfo($"/proc/self/fd/{file.DangerousGetHandle()}").LinkTarget?.EndsWith(" (deleted)", StringComparison.Ordinal) == true;

    /// <summary>Makes the name of a new file durable: syncing the file alone does not sync the folder it stands in.</summary>
    /// <exception cref="IOException">The folder cannot be opened or synced.</exception>
    public static void SyncFolderOf(string path)
    {
        if (!OperatingSystem.IsWindows())
        {
            using SafeFileHandle folder = OpenToRead(Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/");
            MediumAccess.Sync(folder);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);
}
