using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;

namespace PageStore.Checkpoint;

/// <summary>Tells by its first bytes what an image is.</summary>
public static class ImageFormats
{
    /// <summary>How many of an image's first bytes are looked at: the length of xl's magic.</summary>
    public const int PrefixLength = XlHeader.MagicLength;

    private const string Decompress = "Decompress it first and read what comes out.";
    private const string SaveAnew = "Save the guest with xl save of Xen 4.6 or newer instead.";

    /// <summary>
    /// The formats that are recognised in order to refuse them by name. A raw image that begins so by chance has to be called raw
    /// by the user; the memory of a PC begins with the real-mode interrupt table and does not.
    /// </summary>
    private static readonly (byte[] Magic, string Name, string Advice)[] Refused =
    [
        ([0x1F, 0x8B], "gzip-compressed data", Decompress),
        ([0x28, 0xB5, 0x2F, 0xFD], "zstd-compressed data", Decompress),
        ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], "xz-compressed data", Decompress),
        ([0x04, 0x22, 0x4D, 0x18], "LZ4-compressed data", Decompress),
        ([.. "XenSavedDomain\n"u8], "a legacy XAPI suspend image", SaveAnew),
        ([.. "LinuxGuestRecord"u8], "a legacy save file of xend", SaveAnew),
        ([0x7F, .. "ELF"u8], "an ELF file and no core of a 64-bit guest", "Save the guest with xl save, or extract its memory as a raw image."),
        ([.. FileHeader.Magic], "a checkpoint file of PageStore", "Export the epoch that is meant, and import that image."),
        ([.. "EMiL"u8], "a LiME memory dump", "Convert it to a raw image first."),
    ];

    /// <summary>
    /// Tells the format of an image by its first bytes. An image that is truncated within a magic counts as that format, so that
    /// its reader can say what is missing.
    /// </summary>
    /// <param name="start">The first <see cref="PrefixLength"/> bytes or more; fewer only where the image has no more.</param>
    /// <returns>The format; <see cref="ImageFormat.Raw"/> when nothing else matches.</returns>
    /// <exception cref="UnsupportedException">It is a known format that is not imported; the message names it.</exception>
    public static ImageFormat Detect(ReadOnlySequence<byte> start)
    {
        Span<byte> prefix = stackalloc byte[PrefixLength];
        prefix = prefix[..(int)Math.Min(start.Length, PrefixLength)];
        start.Slice(0, prefix.Length).CopyTo(prefix);
        return Recognise(prefix) ?? RefuseKnown(prefix) ?? ImageFormat.Raw;
    }

    /// <summary>Tells the format of what <paramref name="reader"/> is about to deliver, and consumes none of it.</summary>
    /// <param name="reader">The image, at its beginning.</param>
    /// <param name="cancellationToken">Ends the waiting for data.</param>
    /// <returns>As <see cref="Detect"/>.</returns>
    /// <exception cref="UnsupportedException">It is a known format that is not imported; the message names it.</exception>
    public static async ValueTask<ImageFormat> DetectAsync(PipeReader reader, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(reader);
        ReadResult result = await reader.ReadAtLeastAsync(PrefixLength, cancellationToken).ConfigureAwait(false);
        try
        {
            return Detect(result.Buffer);
        }
        finally
        {
            reader.AdvanceTo(result.Buffer.Start);
        }
    }

    private static ImageFormat? Recognise(ReadOnlySpan<byte> prefix)
    {
        if (Begins(prefix, XlHeader.Magic))
        {
            return ImageFormat.XlSave;
        }

        if (Begins(prefix, LibxlLayer.Magic))
        {
            return ImageFormat.LibxlStream;
        }

        if (Begins(prefix, XapiLayer.Magic))
        {
            return ImageFormat.XapiImage;
        }

        if (IsDumpCore(prefix))
        {
            return ImageFormat.DumpCore;
        }

        return Begins(prefix, LibxcHeaders.Magic) ? ImageFormat.LibxcStream : null;
    }

    /// <summary>Whether these are the first bytes of an ELF core as Xen writes it: 64 bits, little-endian, and ET_CORE.</summary>
    internal static bool IsDumpCore(ReadOnlySpan<byte> prefix) =>
        prefix.StartsWith((ReadOnlySpan<byte>)[0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1])
        && prefix.Length >= 18 && BinaryPrimitives.ReadUInt16LittleEndian(prefix[16..]) == DumpHeaders.CoreFile;

    private static ImageFormat? RefuseKnown(ReadOnlySpan<byte> prefix)
    {
        foreach ((byte[] magic, string name, string advice) in Refused)
        {
            if (prefix.StartsWith(magic))
            {
                throw StreamPlace.Header("the image", 0).Unsupported($"this is {name}, which is not imported", advice);
            }
        }

        return null;
    }

    /// <summary>Whether the image begins with the magic, or ends within it with at least 8 bytes of it present.</summary>
    private static bool Begins(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> magic) =>
        prefix.StartsWith(magic) || (prefix.Length is >= 8 && prefix.Length < magic.Length && magic.StartsWith(prefix));
}
