using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using CardShop.Contracts;

namespace CardShop.Shop.Orders;

/// <summary>
/// Order ids: a region letter and 25 lower-case base32 characters (a-z, 2-7), 125 bits. Everything else that needs an id
/// derives it from the order's.
/// </summary>
public static class OrderIds
{
    public const int Length = 26;

    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz234567";

    private static readonly SearchValues<char> Allowed = SearchValues.Create(Alphabet);

    /// <summary>
    /// The id of a request with an Idempotency-Key: a keyed hash of scope, sku and key, so that a repeat has the same id
    /// with no look-up, from any instance of the region.
    /// </summary>
    /// <param name="scope">The partner's API key, or the normalised contact of an anonymous buyer.</param>
    public static string FromIdempotencyKey(char region, byte[] secret, string scope, string sku, string key)
    {
        var text = new byte[12 + Encoding.UTF8.GetMaxByteCount(scope.Length + sku.Length + key.Length)];
        var length = Put(text, 0, scope);
        length = Put(text, length, sku);
        length = Put(text, length, key);
        Span<byte> hash = stackalloc byte[KeyedHash.Length];
        KeyedHash.Compute(secret, text.AsSpan(0, length), hash);
        return Encode(region, hash);
    }

    /// <summary>A fresh id from 16 random bytes.</summary>
    public static string Fresh(char region, ReadOnlySpan<byte> random) => Encode(region, random);

    /// <summary>True for text that has an id's shape.</summary>
    public static bool IsValid(string? id) =>
        id is { Length: Length } && id[0] is >= 'a' and <= 'z' && !id.AsSpan(1).ContainsAnyExcept(Allowed);

    /// <summary>The provider number of an attempt: the order id and two digits.</summary>
    public static string ProviderNumber(string orderId, int attempt) =>
        attempt is > 0 and < 100
            ? string.Create(Length + 2, (orderId, attempt), static (span, state) =>
            {
                state.orderId.CopyTo(span);
                span[Length] = (char)('0' + (state.attempt / 10));
                span[Length + 1] = (char)('0' + (state.attempt % 10));
            })
            : throw new ArgumentOutOfRangeException(nameof(attempt), attempt, "An order has at most 99 attempts.");

    /// <summary>The order of a provider number; null where it is not one of ours.</summary>
    public static string? OfProviderNumber(string number) =>
        number.Length == Length + 2 && char.IsAsciiDigit(number[^1]) && char.IsAsciiDigit(number[^2])
            && IsValid(number[..Length])
            ? number[..Length]
            : null;

    /// <summary>The order of a refund's number, which is its payment's and R1, R2 …; null where it is not one of ours.</summary>
    public static string? OfRefundNumber(string number) =>
        number.Length > Length + 3 && number[Length + 2] == 'R' && !number.AsSpan(Length + 3).ContainsAnyExceptInRange('0', '9')
            ? OfProviderNumber(number[..(Length + 2)])
            : null;

    /// <summary>Partition of an order's records.</summary>
    public static int PartitionOf(Topic topic, string orderId) => topic.PartitionOf(orderId);

    private static int Put(byte[] target, int at, string text)
    {
        var length = Encoding.UTF8.GetBytes(text, target.AsSpan(at + 4));
        BinaryPrimitives.WriteInt32BigEndian(target.AsSpan(at), length);
        return at + 4 + length;
    }

    private static string Encode(char region, ReadOnlySpan<byte> bytes)
    {
        Span<char> id = stackalloc char[Length];
        id[0] = region;
        for (var i = 0; i < Length - 1; i++)
        {
            var bit = i * 5;
            var value = (bytes[bit / 8] << 8) | (bit / 8 < 15 ? bytes[(bit / 8) + 1] : 0);
            id[i + 1] = Alphabet[(value >> (11 - (bit % 8))) & 31];
        }

        return new(id);
    }
}
