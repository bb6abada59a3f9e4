using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PageStore.Checkpoint;

/// <summary>Block devices as what an image is written to, in place. Linux only; elsewhere nothing is one.</summary>
internal static partial class BlockDevice
{
    private const string Folder = "/dev/";

    /// <summary>O_WRONLY, O_EXCL and O_CLOEXEC of asm-generic/fcntl.h. Of a block device O_EXCL says: not while it is mounted, or a part of another device.</summary>
    private const int ExclusiveWrite = 0x1 | 0x80 | 0x80000;

    private const int Busy = 16;

    /// <summary>Whether a path leads to a block device. Nothing is opened: to open some devices does something.</summary>
    public static bool IsOne(string path)
    {
        string target = TargetOf(path);
        return OperatingSystem.IsLinux() && target.StartsWith(Folder, StringComparison.Ordinal) && File.Exists(target)
            // Where a device's name has a slash, sysfs has an exclamation mark.
            && Directory.Exists("/sys/class/block/" + target[Folder.Length..].Replace('/', '!'));
    }

    /// <summary>Opens a block device that nobody else uses.</summary>
    /// <exception cref="StorageException">It is in use, or cannot be opened.</exception>
    public static SafeFileHandle OpenToWrite(string path)
    {
        int descriptor = Open(path, ExclusiveWrite);
        int errno = descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
        return errno switch
        {
            0 => new SafeFileHandle(descriptor, ownsHandle: true),
            Busy => throw new StorageException($"Cannot write an image to {path}: the device is in use. Unmount it, or name another one.") { Errno = errno },
            _ => throw new StorageException($"Cannot write an image to {path}: {new Win32Exception(errno).Message}.") { Errno = errno },
        };
    }

    private static string TargetOf(string path) => new FileInfo(path) is { LinkTarget: not null } link
        ? link.ResolveLinkTarget(returnFinalTarget: true)!.FullName
        : Path.GetFullPath(path);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);
}
