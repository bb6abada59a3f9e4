using System.Buffers.Binary;
using System.Security.Cryptography;

namespace PageStore.Checkpoint;

/// <summary>
/// What AES-GCM combines its text with: NIST SP 800-38D, sections 6.5 and 7.1. With a nonce of 96 bits the counter block of the first 16 bytes is
/// the nonce and the number 2, and each further one has the next number.
/// </summary>
internal static class GcmKeystream
{
    private const int BlockSize = 16;
    private const int FirstCounter = 2;

    /// <summary>Counter blocks that are encrypted at once.</summary>
    private const int Batch = 64;

    /// <summary>Decrypts, or encrypts, the front of a text.</summary>
    /// <param name="aes">Has the key.</param>
    /// <param name="nonce">12 bytes.</param>
    /// <param name="text">The text.</param>
    /// <param name="result">As long as the text.</param>
    public static void Xor(Aes aes, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> text, Span<byte> result)
    {
        Span<byte> counters = stackalloc byte[Batch * BlockSize];
        Span<byte> stream = stackalloc byte[Batch * BlockSize];
        for (int at = 0; at < text.Length; at += stream.Length)
        {
            int bytes = Math.Min(stream.Length, text.Length - at);
            int whole = (bytes + BlockSize - 1) & -BlockSize;
            for (int block = 0; block < whole; block += BlockSize)
            {
                nonce.CopyTo(counters[block..]);
                BinaryPrimitives.WriteInt32BigEndian(counters[(block + SealedBlock.NonceSize)..], FirstCounter + ((at + block) / BlockSize));
            }

            aes.EncryptEcb(counters[..whole], stream, PaddingMode.None);
            for (int i = 0; i < bytes; i++)
            {
                result[at + i] = (byte)(text[at + i] ^ stream[i]);
            }
        }
    }
}
