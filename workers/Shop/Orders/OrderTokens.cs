using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace CardShop.Shop.Orders;

/// <summary>What a token says: where the order stands in the log.</summary>
/// <param name="Offset">-1 in the token of a refused repeat: the order may exist from an earlier request.</param>
public sealed record OrderToken(string Sku, byte TopicVersion, int Partition, long Offset);

/// <summary>
/// Tokens are the buyer's proof, verified without look-up: base64url of secret id (1 byte), topic version (1), partition
/// (2), offset (8), sku, and the first 16 bytes of an HMAC over them and the order id. Secrets rotate; the token names its own.
/// </summary>
public sealed class OrderTokens(IReadOnlyDictionary<byte, byte[]> secrets, byte current)
{
    private const int Head = 12;
    private const int MacLength = 16;
    private const int MaxSku = 64;

    public string Issue(string orderId, OrderToken token)
    {
        Span<byte> bytes = stackalloc byte[Head + (MaxSku * 4) + MacLength];
        bytes[0] = current;
        bytes[1] = token.TopicVersion;
        BinaryPrimitives.WriteInt16BigEndian(bytes[2..], (short)token.Partition);
        BinaryPrimitives.WriteInt64BigEndian(bytes[4..], token.Offset);
        var length = Head + Encoding.UTF8.GetBytes(token.Sku, bytes[Head..]);
        Mac(secrets[current], orderId, bytes[..length], bytes[length..]);
        return Base64Url.EncodeToString(bytes[..(length + MacLength)]);
    }

    /// <returns>Null where the text is no token of this order.</returns>
    public OrderToken? Verify(string orderId, ReadOnlySpan<char> text)
    {
        Span<byte> bytes = stackalloc byte[Head + (MaxSku * 4) + MacLength];
        // Not TryDecodeFromChars: that one throws for text that is no base64url.
        if (!OrderIds.IsValid(orderId) || text.Length > bytes.Length * 4 / 3
            || Base64Url.DecodeFromChars(text, bytes, out _, out var length) != OperationStatus.Done
            || length <= Head + MacLength || !secrets.TryGetValue(bytes[0], out var secret))
        {
            return null;
        }

        var body = bytes[..(length - MacLength)];
        Span<byte> mac = stackalloc byte[32];
        Mac(secret, orderId, body, mac);
        return CryptographicOperations.FixedTimeEquals(mac[..MacLength], bytes[(length - MacLength)..length])
            ? new(
                Encoding.UTF8.GetString(body[Head..]), body[1], BinaryPrimitives.ReadInt16BigEndian(body[2..]),
                BinaryPrimitives.ReadInt64BigEndian(body[4..]))
            : null;
    }

    private static void Mac(byte[] secret, string orderId, ReadOnlySpan<byte> body, Span<byte> target)
    {
        Span<byte> text = stackalloc byte[512];
        body.CopyTo(text);
        var length = body.Length + Encoding.UTF8.GetBytes(orderId, text[body.Length..]);
        Span<byte> hash = stackalloc byte[KeyedHash.Length];
        KeyedHash.Compute(secret, text[..length], hash);
        hash[..MacLength].CopyTo(target);
    }
}
