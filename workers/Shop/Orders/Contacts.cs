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
    private static (byte[] Key, AesGcm Cipher) _cipher;

    /// <summary>Trimmed, NFC, lower case.</summary>
    public static string Normalise(string contact)
    {
        var text = contact.Trim();
        return Ascii.IsValid(text)
            ? text.ToLowerInvariant()
            : text.Normalize(NormalizationForm.FormC).ToLowerInvariant();
    }

    /// <summary>Keyed hash of a normalised contact (or network), Base64 of 16 bytes.</summary>
    public static string Hash(byte[] secret, string kind, string text)
    {
        Span<byte> hash = stackalloc byte[32];
        HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes(kind + "|" + text), hash);
        return Convert.ToBase64String(hash[..16]);
    }

    /// <summary><c>YYYY-MM:base64</c> of nonce, ciphertext and tag; bound to the order id.</summary>
    public static string Encrypt(ShopSecrets secrets, string orderId, string contact, DateTimeOffset at)
    {
        var plain = Encoding.UTF8.GetBytes(contact);
        Span<byte> sealedBytes = stackalloc byte[NonceLength + plain.Length + TagLength];
        RandomNumberGenerator.Fill(sealedBytes[..NonceLength]);
        CipherOf(secrets.MonthKey(at)).Encrypt(
            sealedBytes[..NonceLength], plain, sealedBytes.Slice(NonceLength, plain.Length),
            sealedBytes[(NonceLength + plain.Length)..], Encoding.ASCII.GetBytes(orderId));
        return $"{at.UtcDateTime:yyyy-MM}:{Convert.ToBase64String(sealedBytes)}";
    }

    private static AesGcm CipherOf(byte[] key)
    {
        if (!ReferenceEquals(_cipher.Key, key))
        {
            _cipher.Cipher?.Dispose();
            _cipher = (key, new(key, TagLength));
        }

        return _cipher.Cipher;
    }
}
