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
public sealed class KeyVault(byte[] fingerprint, IKeyEncryptionKeys keyEncryptionKeys)
{
    private const int NonceLength = 12;
    private const int TagLength = 16;

    public KeyVault(byte[] fingerprint, IReadOnlyDictionary<string, byte[]> keyEncryptionKeys, string current)
        : this(fingerprint, new FixedKeyEncryptionKeys(keyEncryptionKeys, current))
    {
    }

    /// <summary>Which key-encryption key this vault seals with, from its making on: a batch has one.</summary>
    public string Current { get; } = keyEncryptionKeys.Current;

    public Guid IdOf(string sku, PlainKey key)
    {
        Span<byte> hash = stackalloc byte[32];
        HMACSHA256.HashData(fingerprint, Join(sku, key.Number, key.Secret), hash);
        return new(hash[..16], bigEndian: true);
    }

    public SealedKey Seal(string sku, PlainKey key)
    {
        var id = IdOf(sku, key);
        return new(id, Seal(id, Join(key.Number, key.Secret)));
    }

    /// <summary>
    /// A unit of a text that may be sold more than once: the first half of its id is the text's fingerprint, the second
    /// says which unit it is.
    /// </summary>
    public SealedKey SealUnit(string sku, PlainKey key, ulong unit)
    {
        Span<byte> bytes = stackalloc byte[16];
        IdOf(sku, key).TryWriteBytes(bytes, bigEndian: true, out _);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], unit);
        var id = new Guid(bytes, bigEndian: true);
        return new(id, Seal(id, Join(key.Number, key.Secret)));
    }

    /// <summary>The text that an operator writes for an order; the command's id tells two of them apart.</summary>
    public SealedKey SealText(string sku, string orderId, string commandId, string text)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{orderId}|{commandId}"), hash);
        return SealUnit(sku, new(null, text), BinaryPrimitives.ReadUInt64BigEndian(hash));
    }

    /// <summary>True where the id is this text's, as a key of its own or as a unit.</summary>
    public bool IsIdOf(Guid id, string sku, PlainKey key) => IsSameText(id, IdOf(sku, key));

    /// <summary>True for units of one text.</summary>
    public static bool IsSameText(Guid one, Guid other)
    {
        Span<byte> bytes = stackalloc byte[32];
        one.TryWriteBytes(bytes, bigEndian: true, out _);
        other.TryWriteBytes(bytes[16..], bigEndian: true, out _);
        return bytes[..8].SequenceEqual(bytes[16..24]);
    }

    /// <summary>
    /// The same key under <see cref="Current"/>. Throws <see cref="CryptographicException"/> where the bytes were changed
    /// or belong to another key: nothing is sealed anew that could not be opened.
    /// </summary>
    public byte[] Reseal(Guid id, string keyEncryptionKey, byte[] sealedBytes)
    {
        var plain = OpenBytes(id, keyEncryptionKey, sealedBytes);
        try
        {
            return Seal(id, plain);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    /// <summary>Throws <see cref="CryptographicException"/> where the bytes were changed or belong to another key.</summary>
    public PlainKey Open(Guid id, string keyEncryptionKey, byte[] sealedBytes)
    {
        var fields = Split(OpenBytes(id, keyEncryptionKey, sealedBytes));
        return new(fields[0], fields[1] ?? string.Empty);
    }

    private byte[] Seal(Guid id, ReadOnlySpan<byte> plain)
    {
        var secret = keyEncryptionKeys.Find(Current) ?? throw Unknown(Current);
        var target = new byte[NonceLength + plain.Length + TagLength];
        RandomNumberGenerator.Fill(target.AsSpan(0, NonceLength));
        Span<byte> bound = stackalloc byte[16];
        id.TryWriteBytes(bound, bigEndian: true, out _);
        using var aes = new AesGcm(secret, TagLength);
        aes.Encrypt(
            target.AsSpan(0, NonceLength), plain, target.AsSpan(NonceLength, plain.Length),
            target.AsSpan(NonceLength + plain.Length), bound);
        return target;
    }

    private byte[] OpenBytes(Guid id, string keyEncryptionKey, byte[] sealedBytes)
    {
        var secret = keyEncryptionKeys.Find(keyEncryptionKey) ?? throw Unknown(keyEncryptionKey);
        if (sealedBytes.Length < NonceLength + TagLength)
        {
            throw new CryptographicException("The sealed text is too short to be one.");
        }

        var plain = new byte[sealedBytes.Length - NonceLength - TagLength];
        Span<byte> bound = stackalloc byte[16];
        id.TryWriteBytes(bound, bigEndian: true, out _);
        using var aes = new AesGcm(secret, TagLength);
        aes.Decrypt(
            sealedBytes.AsSpan(0, NonceLength), sealedBytes.AsSpan(NonceLength, plain.Length),
            sealedBytes.AsSpan(NonceLength + plain.Length), plain, bound);
        return plain;
    }

    private static CryptographicException Unknown(string keyEncryptionKey) => new(
        $"Key-encryption key {keyEncryptionKey} is not among this process's secrets.");

    private static byte[] Join(params ReadOnlySpan<string?> fields)
    {
        var size = 0;
        foreach (var field in fields)
        {
            size += 4 + Encoding.UTF8.GetByteCount(field ?? string.Empty);
        }

        var joined = new byte[size];
        var rest = joined.AsSpan();
        foreach (var field in fields)
        {
            var length = Encoding.UTF8.GetBytes(field ?? string.Empty, rest[4..]);
            BinaryPrimitives.WriteInt32BigEndian(rest, field is null ? -1 : length);
            rest = rest[(4 + length)..];
        }

        return joined;
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
