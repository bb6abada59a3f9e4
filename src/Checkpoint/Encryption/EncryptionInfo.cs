namespace PageStore.Checkpoint;

/// <summary>What can be told of an encrypted file without its key.</summary>
/// <param name="KeyId">Which key it wants: 32 hexadecimal digits. The same key has the same id in each file.</param>
/// <param name="UsesPassphrase">Whether the key is derived from a passphrase.</param>
public sealed record EncryptionInfo(string KeyId, bool UsesPassphrase);
