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
        private Pfn _next;

        internal Enumerator(PageBitmap bitmap) => _bitmap = bitmap;

        /// <summary>The run found last; the pages before and behind it are not in the set.</summary>
        public PfnRun Current { get; private set; }

        /// <summary>Goes to the next run.</summary>
        /// <returns>Whether there is one.</returns>
        /// <exception cref="ObjectDisposedException">The bitmap is disposed.</exception>
        public bool MoveNext()
        {
            if (!_bitmap.TryNextSet(_next, out Pfn first))
            {
                _next = first;
                return false;
            }

            _bitmap.TryNextClear(first, out _next);
            Current = new PfnRun(first, _next - first);
            return true;
        }
    }
}
