using System.Security.Cryptography;
using Microsoft.Extensions.ObjectPool;

namespace PageStore.Checkpoint;

/// <summary>
/// The cipher of one session. Thread-safe: an AesGcm is not, and a new one per block would be slow and garbage, so each caller
/// borrows one. Allocates nothing per block.
/// </summary>
internal sealed class SessionCipher : IDisposable
{
    private readonly SecretBytes _subkey;
    private readonly SealObserver? _observer;
    private readonly ObjectPool<AesGcm> _pool;

    /// <param name="number">Its number in the session table.</param>
    /// <param name="subkey">Becomes the cipher's own.</param>
    /// <param name="observer">Told of each block that is sealed.</param>
    public SessionCipher(uint number, SecretBytes subkey, SealObserver? observer)
    {
        Number = number;
        _subkey = subkey;
        _observer = observer;
        _pool = new DefaultObjectPoolProvider().Create(new Policy(subkey));
    }

    public uint Number { get; }

    /// <summary>Seals a plain block.</summary>
    /// <param name="plain">The block as it would stand in a plain file.</param>
    /// <param name="block">Receives the sealed one, <see cref="SealedBlock.Overhead"/> longer.</param>
    /// <param name="counter">Must never have been used with this session.</param>
    /// <param name="place">Where the block will be.</param>
    public void Seal(ReadOnlySpan<byte> plain, Span<byte> block, ulong counter, in BlockPlace place)
    {
        SealedBlock.WriteHead(block, Number, counter);
        Span<byte> associated = stackalloc byte[SealedBlock.AssociatedSize];
        SealedBlock.WriteAssociated(associated, place);
        ReadOnlySpan<byte> nonce = block[..SealedBlock.NonceSize];
        _observer?.Invoke(_subkey.Span, nonce);
        AesGcm aes = _pool.Get();
        aes.Encrypt(nonce, plain, block[SealedBlock.HeadSize..^SealedBlock.TagSize], block[^SealedBlock.TagSize..], associated);
        _pool.Return(aes);
    }

    /// <summary>Opens a sealed block; false, and zeros, where anything of it or its place is not what was sealed.</summary>
    /// <param name="block">The sealed block.</param>
    /// <param name="plain">Receives the plain one.</param>
    /// <param name="place">Where the block is.</param>
    public bool TryOpen(ReadOnlySpan<byte> block, Span<byte> plain, in BlockPlace place)
    {
        Span<byte> associated = stackalloc byte[SealedBlock.AssociatedSize];
        SealedBlock.WriteAssociated(associated, place);
        AesGcm aes = _pool.Get();
        try
        {
            aes.Decrypt(block[..SealedBlock.NonceSize], block[SealedBlock.HeadSize..^SealedBlock.TagSize], block[^SealedBlock.TagSize..], plain, associated);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            plain.Clear();
            return false;
        }
        finally
        {
            _pool.Return(aes);
        }
    }

    /// <summary>
    /// Decrypts the front of a sealed block without authenticating anything, for who does not know yet where the block ends. Nothing of it may be
    /// believed: <see cref="TryOpen"/> comes after.
    /// </summary>
    /// <param name="block">The block, as far as it was read, from its first byte on.</param>
    /// <param name="plain">Receives as many plain bytes as it holds.</param>
    public void Peek(ReadOnlySpan<byte> block, Span<byte> plain)
    {
        using var aes = Aes.Create();
        aes.SetKey(_subkey.Span);
        GcmKeystream.Xor(aes, block[..SealedBlock.NonceSize], block.Slice(SealedBlock.HeadSize, plain.Length), plain);
    }

    public void Dispose()
    {
        (_pool as IDisposable)?.Dispose();
        _subkey.Dispose();
    }

    private sealed class Policy(SecretBytes subkey) : PooledObjectPolicy<AesGcm>
    {
        public override AesGcm Create() => new(subkey.Span, SealedBlock.TagSize);

        public override bool Return(AesGcm obj) => true;
    }
}
