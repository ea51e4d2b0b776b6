namespace CardShop.Contracts;

/// <summary>One key of a batch, encrypted before it leaves the importing process.</summary>
/// <param name="Id">Fingerprint: the same key imported again has the same id.</param>
/// <param name="Sealed">AES-256-GCM: nonce, ciphertext of number and secret, tag; the id is authenticated with it.</param>
public sealed record SealedKey(Guid Id, byte[] Sealed);

/// <summary>A batch of imported keys of one product.</summary>
/// <param name="BatchId">Import id and number of the batch within it.</param>
/// <param name="KeyEncryptionKey">Which key-encryption key sealed them.</param>
public sealed record KeysImported(
    string BatchId, string Sku, string Region, string KeyEncryptionKey, DateTimeOffset ImportedAt,
    IReadOnlyList<SealedKey> Keys);
