namespace PageStore;

/// <summary>The pages of a <see cref="PageBitmap"/>, ascending; made by <see cref="PageBitmap.SetBits"/>, for <c>foreach</c>.</summary>
public readonly struct PageBitmapSetBits
{
    private readonly PageBitmap _bitmap;

    internal PageBitmapSetBits(PageBitmap bitmap) => _bitmap = bitmap;

    /// <summary>Starts before the first page.</summary>
    public Enumerator GetEnumerator() => new(_bitmap);

    /// <summary>Walks the pages.</summary>
    public struct Enumerator
    {
        private readonly PageBitmap _bitmap;
        private BitCursor _cursor;
        private Pfn _current;

        internal Enumerator(PageBitmap bitmap)
        {
            _bitmap = bitmap;
            _cursor = BitCursor.Start;
        }

        /// <summary>The page found last.</summary>
        public readonly Pfn Current => _current;

        /// <summary>Goes to the next page of the set.</summary>
        /// <returns>Whether there is one.</returns>
        /// <exception cref="ObjectDisposedException">The bitmap is disposed.</exception>
        public bool MoveNext() => _cursor.TryTakeBit(_bitmap, out _current);
    }
}
