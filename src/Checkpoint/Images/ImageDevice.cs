using Microsoft.Win32.SafeHandles;

namespace PageStore.Checkpoint;

/// <summary>A block device that an export writes, in place.</summary>
internal static class ImageDevice
{
    /// <summary>Writes a device from its beginning on.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="overwrite">Whether what it holds may go.</param>
    /// <param name="length">How many bytes it must have.</param>
    /// <param name="write">Writes its content.</param>
    /// <exception cref="StorageException">It must not be overwritten, is in use, is too small, or cannot be written.</exception>
    public static ExportReport Write(string path, bool overwrite, long length, Func<FileStream, ExportReport> write)
    {
        if (!overwrite)
        {
            throw new StorageException($"Cannot write an image to {path}: it is a device, and what it holds would be lost. Allow to overwrite it, if that is meant.");
        }

        using SafeFileHandle handle = BlockDevice.OpenToWrite(path);
        try
        {
            long room = MediumExtents.LengthOf(handle);
            if (room < length)
            {
                throw new StorageException($"Cannot write an image to {path}: the device has {room} bytes, and the image {length}. Name a larger one.");
            }

            // To ask for the length moved its position to the end.
            using var device = new FileStream(handle, FileAccess.Write, bufferSize: 0) { Position = 0 };
            ExportReport report = write(device);
            MediumAccess.Sync(handle);
            return report;
        }
        catch (IOException cause)
        {
            throw new StorageException($"Cannot write the image to {path}: {cause.Message}. The device has a part of it.", cause);
        }
    }
}
