using System.Security.Cryptography;

namespace CardShop.Shop.Orders;

/// <summary>Cryptographic random bytes, fetched a page at a time: one by one, fetching costs more than using.</summary>
public static class Randomness
{
    private const int Page = 1024;

    [ThreadStatic]
    private static byte[]? _page;

    [ThreadStatic]
    private static int _left;

    /// <summary>Fills with bytes that were given out to nobody else.</summary>
    /// <param name="target">At most 64 bytes: an id, a nonce.</param>
    public static void Fill(Span<byte> target)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(target.Length, 64);
        var page = _page ??= new byte[Page];
        if (_left < target.Length)
        {
            RandomNumberGenerator.Fill(page);
            _left = Page;
        }

        var given = page.AsSpan(_left - target.Length, target.Length);
        given.CopyTo(target);
        given.Clear();
        _left -= target.Length;
    }
}
