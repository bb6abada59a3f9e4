using PageStore.Checkpoint;
using PageStore.Native;

namespace PageStore.Integration.Tests;

/// <summary>
/// The child of a test: reads a checkpoint again and again while the test damages and repairs it, and says of each pass whether all came,
/// and what went wrong. Ends when its input does.
/// </summary>
internal sealed class GuardedReader
{
    /// <summary>Everything was read, and was what it should be.</summary>
    internal const string Whole = "whole";

    /// <summary>Exceptions as they should be; behind it the first message.</summary>
    internal const string Damaged = "damaged";

    /// <summary>What must not happen.</summary>
    internal const string Wrong = "wrong";

    private readonly CountingGuard _guard = new(GuardedCopy.Install());
    private readonly byte[] _page = new byte[PageSizes.Default];
    private readonly byte[] _expected = new byte[PageSizes.Default];
    private string? _damage;

    internal static int Run(string path)
    {
        var reader = new GuardedReader();
        var input = Task.Run(Console.In.ReadToEnd);
        string last = string.Empty;
        using CheckpointReader file = CheckpointReader.Open(path, new CheckpointReaderOptions { Guard = reader._guard });
        while (!input.IsCompleted)
        {
            string now = reader.Pass(file);
            if (now != last)
            {
                Console.WriteLine($"{now} {reader._damage}");
                last = now;
            }
        }

        Console.WriteLine($"faults {reader._guard.Faults}");
        return 0;
    }

    private string Pass(CheckpointReader file)
    {
        _damage = null;
        try
        {
            Epoch epoch = file.OpenNewest();
            for (int number = 0; number < KnownGuest.Pages; number++)
            {
                if (Try(epoch, number) && !IsRight(number))
                {
                    _damage = $"page {number} came with other content";
                    return Wrong;
                }
            }
        }
        catch (CorruptDataException damage) when (damage.Offset is not null)
        {
            _damage ??= damage.Message;
        }
        catch (Exception failure)
        {
            _damage = failure.ToString().ReplaceLineEndings(" ");
            return Wrong;
        }

        return _damage is null ? Whole : Damaged;
    }

    /// <summary>A page that is damaged now must not keep the others from being read.</summary>
    private bool Try(Epoch epoch, int number)
    {
        try
        {
            epoch.ReadPage(new Pfn(number), _page);
            return true;
        }
        catch (CorruptDataException damage) when (damage.Offset is not null && damage.Pfn == new Pfn(number))
        {
            _damage ??= damage.Message;
            return false;
        }
    }

    private bool IsRight(int number)
    {
        KnownGuest.Fill(_expected, number);
        return _page.AsSpan().SequenceEqual(_expected);
    }

    /// <summary>Proves that the mapping was used, and faulted.</summary>
    private sealed class CountingGuard(IGuardedCopy inner) : IGuardedCopy
    {
        public long Faults { get; private set; }

        public bool TryCopy(nint source, Span<byte> destination)
        {
            bool copied = inner.TryCopy(source, destination);
            Faults += copied ? 0 : 1;
            return copied;
        }
    }
}
