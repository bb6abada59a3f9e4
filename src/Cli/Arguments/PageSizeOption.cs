using System.CommandLine;
using PageStore.Checkpoint;

namespace PageStore.Cli;

/// <summary><c>--page-size</c>: the page size of a checkpoint file that is made.</summary>
internal sealed class PageSizeOption
{
    private const string Name = "--page-size";

    private readonly Option<string?> _option = new(Name)
    {
        Description = "The page size of a new file: 4K (the default), 8K, 16K, 32K or 64K. An image of a guest's memory has 4K; for a disk, 64K make a smaller index.",
        HelpName = "SIZE",
    };

    private PageSizeOption() => _option.Validators.Add(result =>
    {
        if (result.Tokens.Count > 0 && SizeOf(result.Tokens[0].Value) is null)
        {
            result.AddError($"{Name} takes 4K, 8K, 16K, 32K or 64K.");
        }
    });

    /// <summary>Adds the option to a command.</summary>
    public static PageSizeOption AddTo(Command command)
    {
        var option = new PageSizeOption();
        command.Options.Add(option._option);
        return option;
    }

    /// <summary>What the user gave; null for nothing.</summary>
    public int? Read(ParseResult parsed) => parsed.GetValue(_option) is { } text ? SizeOf(text) : null;

    /// <summary>The page size of a file, as it is, or as it will be when it is made.</summary>
    /// <param name="file">The file, which need not be there.</param>
    /// <param name="access">How it is opened.</param>
    /// <param name="asked">What the user gave.</param>
    /// <exception cref="ArgumentException">It is there, and has another one than was asked for.</exception>
    public static int Of(string file, CheckpointAccess access, int? asked)
    {
        if (!File.Exists(file))
        {
            return asked ?? PageSizes.Default;
        }

        using CheckpointReader reader = access.Open(file);
        return asked is null || asked == reader.PageSize
            ? reader.PageSize
            : throw new ArgumentException($"{file} has pages of {reader.PageSize} bytes, and not of {asked}. Leave {Name} out, or name a new file.");
    }

    private static int? SizeOf(string text) => ByteSize.TryParse(text) is { } size and <= PageSizes.Max && PageSizes.IsValid((int)size) ? (int)size : null;
}
