namespace PageStore.Fuzz;

/// <summary>Something of the library that reads bytes from outside.</summary>
internal interface IFuzzTarget
{
    /// <summary>Its name on the command line, in fuzz/corpus and in the names of crashers.</summary>
    string Name { get; }

    /// <summary>Inputs are cut to this length, in bytes.</summary>
    int MaxLength { get; }

    /// <summary>
    /// Reads one input in every way there is. Returns when all is well; <see cref="CorruptDataException"/>,
    /// <see cref="UnsupportedException"/> and <see cref="WrongKeyException"/> are well, too. Anything else that it throws is a crash.
    /// </summary>
    void Run(ReadOnlySpan<byte> input);

    /// <summary>Inputs to start from, made by the library's own writers or by hand; the same ones each time.</summary>
    IEnumerable<(string Name, byte[] Input)> Seeds();

    /// <summary>
    /// Changes an input with knowledge of its form, so that it gets past the checks in front. The bytes of the result need not have
    /// the length of the input.
    /// </summary>
    /// <param name="input">What to change.</param>
    /// <param name="other">Another input, to take parts from.</param>
    /// <param name="random">The only source of chance.</param>
    byte[] Mutate(byte[] input, byte[] other, Random random);
}
