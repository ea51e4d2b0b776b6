using System.Text.Json.Serialization;

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

/// <summary>
/// Keys that are not to be sold any more. Only available ones become void: sold keys stay sold, and orders keep what is
/// reserved for them. A repeat of the same id changes nothing.
/// </summary>
/// <param name="VoidId">Unique per command and record of it.</param>
/// <param name="Operator">Who wanted it.</param>
/// <param name="Keys">Ids, at most some thousands a record.</param>
public sealed record KeysVoided(
    string VoidId, string Sku, string Region, string Reason, string Operator, DateTimeOffset VoidedAt,
    IReadOnlyList<Guid> Keys)
{
    /// <summary>
    /// The region that they were moved to, where a batch with this void's id has them: here they are void whatever orders need.
    /// Null, and not written, for other voids.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? To { get; init; }
}
