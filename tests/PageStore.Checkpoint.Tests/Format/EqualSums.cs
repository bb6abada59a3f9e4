namespace PageStore.Checkpoint.Tests;

/// <summary>Different contents of one sum.</summary>
internal static class EqualSums
{
    /// <summary>
    /// XXH3 multiplies the halves of each word, combined with a secret: where the lower half equals the secret's, the product is 0 whatever the
    /// upper half is, and only the sum of the words counts. These are the words 0 of the first two stripes of 64 bytes.
    /// </summary>
    public static (byte[] One, byte[] Two) TwoPages()
    {
        byte[] one = new byte[4096];
        new Random(1).NextBytes(one);

        // The bytes 0 to 3 and 8 to 11 of the default secret (the XXH3 specification, "Secret").
        byte[] ofFirstStripe = [0xB8, 0xFE, 0x6C, 0x39];
        byte[] ofSecondStripe = [0x7C, 0x01, 0x81, 0x2C];
        ofFirstStripe.CopyTo(one, 0);
        ofSecondStripe.CopyTo(one, 64);
        one[4] = 10;
        one[68] = 20;
        byte[] two = [.. one];
        two[4]++;
        two[68]--;
        return (one, two);
    }
}
