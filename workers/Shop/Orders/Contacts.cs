using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace CardShop.Shop.Orders;

/// <summary>The buyer's contact: normalised, hashed under a key for look-ups, encrypted under the key of a month.</summary>
public static class Contacts
{
    private const int NonceLength = 12;
    private const int TagLength = 16;

    // Setting a cipher up costs more than using it. It is no business of other threads.
    [ThreadStatic]
    private static MonthCipher? _cipher;

    /// <summary>Trimmed, NFC, lower case.</summary>
    public static string Normalise(string contact)
    {
        var text = contact.Trim();
        return Ascii.IsValid(text)
            ? text.ToLowerInvariant()
            : text.Normalize(NormalizationForm.FormC).ToLowerInvariant();
    }

    /// <summary>Keyed hash of a normalised contact (or network, or what else must not be guessed), Base64 of 16 bytes.</summary>
    public static string Hash(byte[] secret, string kind, string text)
    {
        var most = Encoding.UTF8.GetMaxByteCount(kind.Length + 1 + text.Length);
        var bytes = most <= 1024 ? stackalloc byte[1024] : new byte[most];
        var length = Encoding.UTF8.GetBytes(kind, bytes);
        bytes[length++] = (byte)'|';
        length += Encoding.UTF8.GetBytes(text, bytes[length..]);
        Span<byte> hash = stackalloc byte[KeyedHash.Length];
        KeyedHash.Compute(secret, bytes[..length], hash);
        return Convert.ToBase64String(hash[..16]);
    }

    /// <summary>Keyed hash of a normalised contact with its query password: neither is found without the other.</summary>
    public static string PasswordHash(byte[] secret, string contact, string password) =>
        Hash(secret, "password", contact + "\n" + password);

    /// <summary><c>YYYY-MM:base64</c> of nonce, ciphertext and tag; bound to the order id.</summary>
    /// <param name="contact">At most 254 characters.</param>
    public static string Encrypt(ShopSecrets secrets, string orderId, string contact, DateTimeOffset at)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(contact.Length, 254);
        Span<byte> plain = stackalloc byte[1024];
        plain = plain[..Encoding.UTF8.GetBytes(contact, plain)];
        Span<byte> order = stackalloc byte[64];
        order = order[..Encoding.ASCII.GetBytes(orderId, order)];
        Span<byte> sealedBytes = stackalloc byte[NonceLength + plain.Length + TagLength];
        Randomness.Fill(sealedBytes[..NonceLength]);
        var month = CipherOf(secrets, at);
        month.Cipher.Encrypt(
            sealedBytes[..NonceLength], plain, sealedBytes.Slice(NonceLength, plain.Length),
            sealedBytes[(NonceLength + plain.Length)..], order);
        return month.Prefix + Convert.ToBase64String(sealedBytes);
    }

    /// <summary>
    /// The contact that <see cref="Encrypt"/> sealed. Throws <see cref="CryptographicException"/> where the text was changed
    /// or belongs to another order.
    /// </summary>
    /// <returns>Null where the month's key is not among the secrets: the contact was erased.</returns>
    public static string? Decrypt(ShopSecrets secrets, string orderId, string contact)
    {
        var colon = contact.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
        {
            throw new CryptographicException("The sealed contact names no month.");
        }

        if (secrets.FindMonthKey(contact[..colon]) is not { } key)
        {
            return null;
        }

        Span<byte> sealedBytes = stackalloc byte[1024 + NonceLength + TagLength];
        if (!Convert.TryFromBase64String(contact[(colon + 1)..], sealedBytes, out var length)
            || length < NonceLength + TagLength)
        {
            throw new CryptographicException("The sealed contact is no Base64, or too short or long to be one.");
        }

        var plain = new byte[length - NonceLength - TagLength];
        using var cipher = new AesGcm(key, TagLength);
        cipher.Decrypt(
            sealedBytes[..NonceLength], sealedBytes.Slice(NonceLength, plain.Length),
            sealedBytes.Slice(NonceLength + plain.Length, TagLength), plain, Encoding.ASCII.GetBytes(orderId));
        return Encoding.UTF8.GetString(plain);
    }

    private static MonthCipher CipherOf(ShopSecrets secrets, DateTimeOffset at)
    {
        var utc = at.UtcDateTime;
        if (_cipher is not { } kept || kept.Secrets != secrets || kept.Year != utc.Year || kept.Month != utc.Month)
        {
            _cipher?.Cipher.Dispose();
            _cipher = kept = new(
                secrets, utc.Year, utc.Month, utc.ToString("yyyy-MM", CultureInfo.InvariantCulture) + ":",
                new(secrets.MonthKey(at), TagLength));
        }

        return kept;
    }

    private sealed record MonthCipher(ShopSecrets Secrets, int Year, int Month, string Prefix, AesGcm Cipher);
}
