using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace CardShop.Shopctl.Audit;

/// <summary>
/// Texts as 16 bytes, so that an audit's memory is bounded by the number of orders and not by what they hold. Two texts
/// with one digest are not to be expected.
/// </summary>
public static class Digest
{
    public static UInt128 Of(string text) => Of(Encoding.UTF8.GetBytes(text));

    public static UInt128 Of(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(bytes, hash);
        return BinaryPrimitives.ReadUInt128BigEndian(hash);
    }

    /// <summary>A fact about an order, such as a notification that its saga has recorded.</summary>
    public static UInt128 Of(char kind, string orderId, string what) => Of($"{kind}|{orderId}|{what}");

    /// <summary>A place in the log.</summary>
    public static UInt128 Of(string topic, int partition, long offset) =>
        Of(string.Create(CultureInfo.InvariantCulture, $"{topic}|{partition}|{offset}"));

    /// <summary>A key id: random enough as it is.</summary>
    public static UInt128 Of(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes);
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }
}
