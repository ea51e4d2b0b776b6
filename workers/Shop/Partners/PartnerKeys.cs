using System.Security.Cryptography;
using System.Text;
using CardShop.Contracts;
using CardShop.Shop.Orders;

namespace CardShop.Shop.Partners;

/// <summary>An API key in plain text: shown once, to the operator who made it.</summary>
public sealed record NewPartnerKey(string Text, PartnerKey Kept)
{
    /// <summary>Never the text: a key must not reach a log by way of a format string.</summary>
    public override string ToString() => "(partner key " + Kept.Id + ")";
}

/// <summary>
/// Partners' API keys: <c>cs_</c>, eight hex digits that name the key, and 256 random bits in hex. Only a keyed hash is
/// kept, so that neither the database nor the log holds what would open the door.
/// </summary>
public static class PartnerKeys
{
    private const string Prefix = "cs_";
    private const int IdLength = 8;
    private const int SecretLength = 64;
    private const int Length = 3 + IdLength + 1 + SecretLength;

    /// <param name="random">36 bytes from a source that nobody can guess.</param>
    public static NewPartnerKey Create(byte[] hashSecret, ReadOnlySpan<byte> random, DateTimeOffset now)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(random.Length, (IdLength + SecretLength) / 2);
        var id = Convert.ToHexStringLower(random[..(IdLength / 2)]);
        var text = Prefix + id + "_" + Convert.ToHexStringLower(random[(IdLength / 2)..]);
        return new(text, new(id, Hash(hashSecret, text), now));
    }

    /// <summary>The part that names a key; null for text that has not a key's shape.</summary>
    public static string? IdOf(string text) =>
        text.Length == Length && text.StartsWith(Prefix, StringComparison.Ordinal) && text[Prefix.Length + IdLength] == '_'
            ? text.Substring(Prefix.Length, IdLength)
            : null;

    /// <summary>Keyed hash of a key, Base64 of 16 bytes.</summary>
    public static string Hash(byte[] hashSecret, string text) => Contacts.Hash(hashSecret, "partner-key", text);

    /// <summary>Takes the same time wherever the hashes differ.</summary>
    public static bool Matches(PartnerKey key, string hash, DateTimeOffset now) =>
        CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(key.Hash), Encoding.ASCII.GetBytes(hash))
        && !(key.ExpiresAt <= now);

    /// <summary>
    /// A partner with a new key. The present ones stay valid until <paramref name="oldUntil"/>; what has expired goes.
    /// </summary>
    public static Partner Rotate(Partner partner, PartnerKey fresh, DateTimeOffset oldUntil, DateTimeOffset now) => partner with
    {
        Keys =
        [
            .. partner.Keys.Where(k => !(k.ExpiresAt <= now))
                .Select(k => k.ExpiresAt <= oldUntil ? k : k with { ExpiresAt = oldUntil }),
            fresh,
        ],
    };
}
