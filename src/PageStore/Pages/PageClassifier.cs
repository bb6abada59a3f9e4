using System.Runtime.InteropServices;

namespace PageStore;

/// <summary>Finds out what kind of content a page has. Thread-safe.</summary>
public static class PageClassifier
{
    /// <summary>Classifies one page; a page that is not uniform is left at the first word that differs.</summary>
    /// <param name="page">The page: a multiple of 8 bytes, at least 8.</param>
    /// <param name="word">The repeated word in host order, if the page repeats one; otherwise 0.</param>
    /// <returns><see cref="PageClass.Zero"/>, <see cref="PageClass.Repeated"/> or <see cref="PageClass.Data"/>.</returns>
    /// <exception cref="ArgumentException">The length is 0 or no multiple of 8.</exception>
    public static PageClass Classify(ReadOnlySpan<byte> page, out ulong word)
    {
        if (page.IsEmpty || (page.Length & 7) != 0)
        {
            throw new ArgumentException($"A page has a multiple of 8 bytes, at least 8; this one has {page.Length}.", nameof(page));
        }

        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(page);
        word = words[0];
        if (words.IndexOfAnyExcept(word) >= 0)
        {
            word = 0;
            return PageClass.Data;
        }

        return word == 0 ? PageClass.Zero : PageClass.Repeated;
    }
}
