using System.CommandLine;
using PageStore.Checkpoint;

namespace PageStore.Cli;

/// <summary>The options of <c>pagestore import</c> that are about disks.</summary>
internal sealed class DiskOptions
{
    private readonly Option<bool> _disk = new("--disk") { Description = "IMAGE is a raw image of a disk, or a block device: of any length, and not looked at for a format. (An nbd:// URI always is a disk.)" };

    private readonly Option<string?> _bitmap = new("--bitmap")
    {
        Description = "The dirty bitmap of the NBD export that tells what changed since the newest epoch. Where that epoch does not name it, the whole disk is compared.",
        HelpName = "NAME",
    };

    private readonly Option<string?> _nextBitmap = new("--next-bitmap")
    {
        Description = "The bitmap that records what is written from this epoch on, for the next import; without it, that of --bitmap.",
        HelpName = "NAME",
    };

    private readonly Option<bool> _verifyBitmap = new("--verify-bitmap") { Description = "Read the whole disk all the same, and fail where something changed that the bitmap does not mention." };

    private readonly Option<int?> _timeout = CommonOptions.Number("--timeout", "The most seconds that an NBD server may be silent: 60 unless said otherwise.", 1, 86400);

    private DiskOptions()
    {
    }

    /// <summary>Adds the options to a command.</summary>
    public static DiskOptions AddTo(Command command)
    {
        var options = new DiskOptions();
        foreach (Option option in (Option[])[options._disk, options._bitmap, options._nextBitmap, options._verifyBitmap, options._timeout])
        {
            command.Options.Add(option);
        }

        return options;
    }

    /// <summary>What the user gave; null where the image is that of a guest's memory.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="image">The image that it names.</param>
    /// <exception cref="ArgumentException">Options do not fit the image, or each other.</exception>
    public DiskRequest? Read(ParseResult parsed, string image)
    {
        string? bitmap = parsed.GetValue(_bitmap);
        string? nextBitmap = parsed.GetValue(_nextBitmap);
        bool verifies = parsed.GetValue(_verifyBitmap);
        int? timeout = parsed.GetValue(_timeout);
        if (NbdUri.IsOne(image))
        {
            return verifies && bitmap is null
                ? throw new ArgumentException("--verify-bitmap needs --bitmap: what is it to verify?")
                : new DiskRequest(NbdUri.Parse(image), bitmap, nextBitmap, verifies, timeout is { } seconds ? TimeSpan.FromSeconds(seconds) : null);
        }

        if (bitmap is not null || nextBitmap is not null || verifies || timeout is not null)
        {
            throw new ArgumentException("--bitmap, --next-bitmap, --verify-bitmap and --timeout go with an nbd:// or nbd+unix:// URI: a file does not know what changed in it. Serve it with qemu-nbd --bitmap, or leave them out.");
        }

        return parsed.GetValue(_disk) ? new DiskRequest(null, null, null, false, null) : null;
    }
}

/// <summary>How a disk is imported.</summary>
/// <param name="Uri">The export of an NBD server; null for a raw image or a device.</param>
/// <param name="Bitmap">The bitmap that is asked for; null for none.</param>
/// <param name="NextBitmap">The bitmap that the next import will ask for; null for the same one.</param>
/// <param name="VerifyBitmap">Whether to look whether the bitmap is right.</param>
/// <param name="Timeout">How long a server may be silent; null for the default.</param>
internal sealed record DiskRequest(NbdUri? Uri, string? Bitmap, string? NextBitmap, bool VerifyBitmap, TimeSpan? Timeout);
