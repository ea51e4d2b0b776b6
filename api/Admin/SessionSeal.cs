using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using CardShop.Shop.Operators;

namespace CardShop.Api.Admin;

/// <summary>A key that was shown, and how.</summary>
/// <param name="EndsAt">When the session ends that it was shown by; null for a bearer key.</param>
public sealed record ShownKey(string Text, DateTimeOffset? EndsAt)
{
    public bool IsSession => EndsAt is not null;

    /// <summary>Never the key: it must not reach a log by way of a format string.</summary>
    public override string ToString() => IsSession ? "(session)" : "(key)";
}

/// <summary>
/// An operator's key as the console's cookie: sealed with AES-256-GCM under a key that HKDF derives from the installation's
/// token secrets, with its end. Nothing is stored, and every process of the installation opens it. Of the bytes: version,
/// number of the secret, 12 of nonce, 16 of tag, then sealed: 8 of end (Unix seconds), and the key.
/// </summary>
/// <param name="secrets">By number.</param>
/// <param name="current">The number of the one that seals.</param>
public sealed class SessionSeal(IReadOnlyDictionary<byte, byte[]> secrets, byte current, TimeProvider time)
{
    public const string Cookie = "cardshop_ops";

    /// <summary>How long a session lasts.</summary>
    public static readonly TimeSpan Lasts = TimeSpan.FromHours(12);

    private const byte Version = 1;
    private const int HeadBytes = 2;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int EndBytes = 8;
    private const int Before = HeadBytes + NonceBytes + TagBytes;

    /// <summary>Of the longest key, every character in four bytes.</summary>
    private const int MaxBytes = Before + EndBytes + (OperatorFiles.MaxKeyLength * 4);

    private readonly Dictionary<byte, byte[]> _keys = secrets.ToDictionary(
        s => s.Key,
        s => HKDF.DeriveKey(HashAlgorithmName.SHA256, s.Value, 32, info: "cardshop operator session v1"u8.ToArray()));

    /// <returns>The cookie's value and when it ends.</returns>
    public (string Value, DateTimeOffset EndsAt) Seal(string key)
    {
        var endsAt = DateTimeOffset.FromUnixTimeSeconds((time.GetUtcNow() + Lasts).ToUnixTimeSeconds());
        var plain = new byte[EndBytes + Encoding.UTF8.GetByteCount(key)];
        BinaryPrimitives.WriteInt64BigEndian(plain, endsAt.ToUnixTimeSeconds());
        Encoding.UTF8.GetBytes(key, plain.AsSpan(EndBytes));
        var bytes = new byte[Before + plain.Length];
        bytes[0] = Version;
        bytes[1] = current;
        var nonce = bytes.AsSpan(HeadBytes, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(_keys[current], TagBytes);
        aes.Encrypt(nonce, plain, bytes.AsSpan(Before), bytes.AsSpan(HeadBytes + NonceBytes, TagBytes), bytes.AsSpan(0, HeadBytes));
        CryptographicOperations.ZeroMemory(plain);
        return (Base64Url.EncodeToString(bytes), endsAt);
    }

    /// <returns>Null for what this installation has not sealed, or what has ended.</returns>
    public ShownKey? Open(string? value)
    {
        var bytes = new byte[MaxBytes];
        if (value is not { Length: > 0 and <= MaxBytes * 2 } || !Base64Url.IsValid(value)
            || !Base64Url.TryDecodeFromChars(value, bytes, out var length)
            || length <= Before + EndBytes || bytes[0] != Version || !_keys.TryGetValue(bytes[1], out var key))
        {
            return null;
        }

        var plain = new byte[length - Before];
        try
        {
            using var aes = new AesGcm(key, TagBytes);
            aes.Decrypt(
                bytes.AsSpan(HeadBytes, NonceBytes), bytes.AsSpan(Before, plain.Length),
                bytes.AsSpan(HeadBytes + NonceBytes, TagBytes), plain, bytes.AsSpan(0, HeadBytes));
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }

        var endsAt = DateTimeOffset.FromUnixTimeSeconds(BinaryPrimitives.ReadInt64BigEndian(plain));
        return endsAt > time.GetUtcNow() ? new(Encoding.UTF8.GetString(plain.AsSpan(EndBytes)), endsAt) : null;
    }
}
