namespace PageStore.Cli.Tests;

/// <summary>Raw images for tests.</summary>
internal static class RawImages
{
    public const int PageSize = 4096;

    /// <summary>An image of so many pages: every fourth is random, the others zero, one word over and over, or half full.</summary>
    public static byte[] Mixed(int pages, int seed)
    {
        var random = new Random(seed);
        byte[] image = new byte[pages * PageSize];
        for (int page = 0; page < pages; page++)
        {
            Span<byte> bytes = image.AsSpan(page * PageSize, PageSize);
            switch (page % 4)
            {
                case 0:
                    random.NextBytes(bytes);
                    break;
                case 1:
                    bytes.Fill((byte)random.Next(1, 256));
                    break;
                case 2:
                    random.NextBytes(bytes[..(PageSize / 2)]);
                    break;
            }
        }

        return image;
    }

    /// <summary>An image of so many pages full of words, each page another one: what packs the better the longer one looks.</summary>
    public static byte[] Text(int pages, int seed)
    {
        var random = new Random(seed);
        string[] words = [.. Enumerable.Range(0, 200).Select(_ => new string([.. Enumerable.Range(0, random.Next(2, 9)).Select(_ => (char)random.Next('a', 'z' + 1))]))];
        byte[] image = new byte[pages * PageSize];
        for (int at = 0; at < image.Length;)
        {
            string word = words[random.Next(words.Length)] + ' ';
            int length = Math.Min(word.Length, image.Length - at);
            System.Text.Encoding.ASCII.GetBytes(word.AsSpan(0, length), image.AsSpan(at));
            at += length;
        }

        return image;
    }

    /// <summary>Writes a byte that was not there into each of the pages.</summary>
    public static byte[] Changed(byte[] image, params int[] pages)
    {
        byte[] copy = [.. image];
        foreach (int page in pages)
        {
            copy[(page * PageSize) + 100] ^= 0x5A;
        }

        return copy;
    }

    /// <summary>One page of an image.</summary>
    public static ReadOnlySpan<byte> Page(byte[] image, int page) => image.AsSpan(page * PageSize, PageSize);
}
