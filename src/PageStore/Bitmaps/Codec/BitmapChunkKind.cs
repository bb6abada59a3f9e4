namespace PageStore;

/// <summary>How a chunk of a serialized bitmap is written; the two low bits of its tag.</summary>
internal enum BitmapChunkKind
{
    /// <summary>Alternating gaps and run lengths, exponential Golomb coded.</summary>
    Runs = 0,

    /// <summary>One bit a page.</summary>
    Bitmap = 1,

    /// <summary>Every page of the chunk; nothing follows the tag.</summary>
    Full = 2,
}
