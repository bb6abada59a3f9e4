namespace Consumer;

/// <summary>Prints one line for each thing checked, and counts what does not hold.</summary>
internal sealed class Checks
{
    public int Failures { get; private set; }

    public void That(string what, bool holds)
    {
        Console.WriteLine($"{(holds ? "ok  " : "FAIL")} {what}");
        Failures += holds ? 0 : 1;
    }
}
