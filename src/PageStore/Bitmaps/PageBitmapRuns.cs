namespace PageStore;

/// <summary>The runs of a <see cref="PageBitmap"/>, ascending; made by <see cref="PageBitmap.Runs"/>, for <c>foreach</c>.</summary>
public readonly struct PageBitmapRuns
{
    private readonly PageBitmap _bitmap;

    internal PageBitmapRuns(PageBitmap bitmap) => _bitmap = bitmap;

    /// <summary>Starts before the first run.</summary>
    public Enumerator GetEnumerator() => new(_bitmap);

    /// <summary>Walks the runs.</summary>
    public struct Enumerator
    {
        private readonly PageBitmap _bitmap;
        private BitCursor _cursor;
        private PfnRun _current;

        internal Enumerator(PageBitmap bitmap)
        {
            _bitmap = bitmap;
            _cursor = BitCursor.Start;
        }

        /// <summary>The run found last; the pages before and behind it are not in the set.</summary>
        public readonly PfnRun Current => _current;

        /// <summary>Goes to the next run.</summary>
        /// <returns>Whether there is one.</returns>
        /// <exception cref="ObjectDisposedException">The bitmap is disposed.</exception>
        public bool MoveNext() => _cursor.TryTakeRun(_bitmap, out _current);
    }
}
