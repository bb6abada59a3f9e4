namespace PageStore.Fuzz;

/// <summary>Makes an input that fails smaller: cuts pieces out and clears bytes, as long as it fails at the same place.</summary>
internal static class Shrinker
{
    public static int Run(IFuzzTarget target, string file, string output)
    {
        byte[] input = File.ReadAllBytes(file);
        string? place = PlaceOf(target, input);
        if (place is null)
        {
            Console.Error.WriteLine($"{file} does not fail.");
            return 2;
        }

        for (int piece = Math.Max(1, input.Length / 2); piece > 0; piece /= 2)
        {
            for (int at = 0; at < input.Length;)
            {
                byte[] shorter = [.. input[..at], .. input[Math.Min(at + piece, input.Length)..]];
                if (PlaceOf(target, shorter) == place)
                {
                    input = shorter;
                    continue;
                }

                byte[] clear = (byte[])input.Clone();
                clear.AsSpan(at, Math.Min(piece, input.Length - at)).Clear();
                input = !clear.AsSpan().SequenceEqual(input) && PlaceOf(target, clear) == place ? clear : input;
                at += piece;
            }
        }

        File.WriteAllBytes(output, input);
        Console.WriteLine($"{output}: {input.Length} bytes");
        return 0;
    }

    private static string? PlaceOf(IFuzzTarget target, byte[] input)
    {
        try
        {
            target.RunOne(input);
            return null;
        }
        catch (Exception failure)
        {
            return Crashes.PlaceOf(failure);
        }
    }
}
