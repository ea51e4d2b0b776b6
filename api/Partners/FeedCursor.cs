using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace CardShop.Api.Partners;

/// <summary>
/// Where a reader of the feed stands: the next offset of every partition. Opaque to partners: version, varints, and a
/// keyed check, so that a cut or changed one is told apart from an old one.
/// </summary>
public static class FeedCursor
{
    private const byte Version = 1;
    private const int CheckLength = 8;

    /// <summary>The longest text that is looked at.</summary>
    private const int MaxText = 256;

    public static string Write(IReadOnlyList<long> positions, byte[] secret)
    {
        using var stream = new MemoryStream();
        stream.WriteByte(Version);
        foreach (var position in positions)
        {
            var left = (ulong)position;
            while (left >= 0x80)
            {
                stream.WriteByte((byte)(left | 0x80));
                left >>= 7;
            }

            stream.WriteByte((byte)left);
        }

        var body = stream.ToArray();
        return Base64Url.EncodeToString([.. body, .. Check(body, secret)]);
    }

    /// <returns>Null for what was not written here, or for another number of partitions.</returns>
    public static long[]? Read(string text, int partitions, byte[] secret)
    {
        if (text.Length > MaxText || !Base64Url.IsValid(text))
        {
            return null;
        }

        var bytes = Base64Url.DecodeFromChars(text).AsSpan();
        if (bytes.Length <= CheckLength + 1 || bytes[0] != Version
            || !CryptographicOperations.FixedTimeEquals(Check(bytes[..^CheckLength], secret), bytes[^CheckLength..]))
        {
            return null;
        }

        var positions = new long[partitions];
        var left = bytes[1..^CheckLength];
        for (var i = 0; i < partitions; i++)
        {
            var shift = 0;
            ulong value = 0;
            while (true)
            {
                if (left.IsEmpty || shift > 62)
                {
                    return null;
                }

                var b = left[0];
                left = left[1..];
                value |= (ulong)(b & 0x7f) << shift;
                shift += 7;
                if (b < 0x80)
                {
                    break;
                }
            }

            positions[i] = (long)value;
        }

        return left.IsEmpty ? positions : null;
    }

    private static byte[] Check(ReadOnlySpan<byte> body, byte[] secret) =>
        HMACSHA256.HashData(secret, (byte[])[.. Encoding.ASCII.GetBytes("feed-cursor|"), .. body])[..CheckLength];
}
