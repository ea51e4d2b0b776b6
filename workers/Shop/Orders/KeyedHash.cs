using System.Security.Cryptography;

namespace CardShop.Shop.Orders;

/// <summary>
/// HMAC-SHA-256. Setting one up costs more than a short text does, and takes locks that all threads share: each thread
/// keeps the few it uses.
/// </summary>
internal static class KeyedHash
{
    public const int Length = 32;

    /// <summary>Secrets per thread: order ids, contacts and the token secrets in use. More than these make room.</summary>
    private const int Kept = 8;

    [ThreadStatic]
    private static List<(byte[] Secret, IncrementalHash Mac)>? _macs;

    /// <param name="hash">Gets 32 bytes.</param>
    public static void Compute(byte[] secret, ReadOnlySpan<byte> text, Span<byte> hash)
    {
        var mac = Of(secret);
        mac.AppendData(text);
        mac.GetHashAndReset(hash);
    }

    private static IncrementalHash Of(byte[] secret)
    {
        var macs = _macs ??= new(Kept);
        foreach (var (kept, mac) in macs)
        {
            if (ReferenceEquals(kept, secret))
            {
                return mac;
            }
        }

        if (macs.Count == Kept)
        {
            macs[0].Mac.Dispose();
            macs.RemoveAt(0);
        }

        var fresh = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret);
        macs.Add((secret, fresh));
        return fresh;
    }
}
