using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using CardShop.Contracts;

namespace CardShop.Shop.Keys;

/// <summary>One key in plain text: only inside the importing process and in the answer to its buyer.</summary>
/// <param name="Number">Card number where the key has one.</param>
/// <param name="Secret">What redeems it.</param>
public sealed record PlainKey(string? Number, string Secret)
{
    /// <summary>Never the text: a key must not reach a log by way of a format string.</summary>
    public override string ToString() => "(key)";
}

/// <summary>
/// Seals and opens keys: AES-256-GCM under a named key-encryption key, the key's id authenticated with it. Ids are
/// fingerprints, HMAC(fingerprint secret, sku | number | secret): the same key imported again has the same id.
/// </summary>
public sealed class KeyVault(byte[] fingerprint, IReadOnlyDictionary<string, byte[]> keyEncryptionKeys, string current)
{
    private const int NonceLength = 12;
    private const int TagLength = 16;

    /// <summary>Which key-encryption key seals now.</summary>
    public string Current => current;

    public Guid IdOf(string sku, PlainKey key)
    {
        Span<byte> hash = stackalloc byte[32];
        HMACSHA256.HashData(fingerprint, Join(sku, key.Number, key.Secret), hash);
        return new(hash[..16], bigEndian: true);
    }

    public SealedKey Seal(string sku, PlainKey key)
    {
        var id = IdOf(sku, key);
        var plain = Join(key.Number, key.Secret);
        var target = new byte[NonceLength + plain.Length + TagLength];
        RandomNumberGenerator.Fill(target.AsSpan(0, NonceLength));
        using var aes = new AesGcm(keyEncryptionKeys[current], TagLength);
        aes.Encrypt(
            target.AsSpan(0, NonceLength), plain, target.AsSpan(NonceLength, plain.Length),
            target.AsSpan(NonceLength + plain.Length), id.ToByteArray(bigEndian: true));
        return new(id, target);
    }

    /// <summary>Throws <see cref="CryptographicException"/> where the bytes were changed or belong to another key.</summary>
    public PlainKey Open(Guid id, string keyEncryptionKey, byte[] sealedBytes)
    {
        if (!keyEncryptionKeys.TryGetValue(keyEncryptionKey, out var secret))
        {
            throw new CryptographicException(
                $"Key-encryption key {keyEncryptionKey} is not among this process's secrets.");
        }

        var plain = new byte[sealedBytes.Length - NonceLength - TagLength];
        using var aes = new AesGcm(secret, TagLength);
        aes.Decrypt(
            sealedBytes.AsSpan(0, NonceLength), sealedBytes.AsSpan(NonceLength, plain.Length),
            sealedBytes.AsSpan(NonceLength + plain.Length), plain, id.ToByteArray(bigEndian: true));
        var fields = Split(plain);
        return new(fields[0], fields[1] ?? string.Empty);
    }

    private static byte[] Join(params ReadOnlySpan<string?> fields)
    {
        using var stream = new MemoryStream();
        Span<byte> length = stackalloc byte[4];
        foreach (var field in fields)
        {
            BinaryPrimitives.WriteInt32BigEndian(length, field is null ? -1 : Encoding.UTF8.GetByteCount(field));
            stream.Write(length);
            stream.Write(Encoding.UTF8.GetBytes(field ?? string.Empty));
        }

        return stream.ToArray();
    }

    private static List<string?> Split(ReadOnlySpan<byte> bytes)
    {
        var fields = new List<string?>();
        while (!bytes.IsEmpty)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(bytes);
            bytes = bytes[4..];
            fields.Add(length < 0 ? null : Encoding.UTF8.GetString(bytes[..length]));
            bytes = bytes[Math.Max(0, length)..];
        }

        return fields;
    }
}
