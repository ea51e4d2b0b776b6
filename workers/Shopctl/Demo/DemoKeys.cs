using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using CardShop.Shop.Keys;
using CardShop.Shopctl.Keys;

namespace CardShop.Shopctl.Demo;

/// <summary>
/// Keys of demo products, made from a secret of the installation: nobody can guess them, and a seed that was interrupted
/// and is run again makes the same, so that none is in stock twice.
/// </summary>
public static class DemoKeys
{
    /// <summary>Without I, O, 0 and 1.</summary>
    private const string Alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

    /// <summary>Such as <c>DEMO10-7K2M-QF4X-B9TE</c>.</summary>
    public static PlainKey Create(byte[] secret, string sku, int number)
    {
        Span<byte> hash = stackalloc byte[32];
        HMACSHA256.HashData(
            secret, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"demo|{sku}|{number}")), hash);
        var text = new StringBuilder(sku.Replace("-", "", StringComparison.Ordinal));
        for (var i = 0; i < 12; i++)
        {
            if (i % 4 == 0)
            {
                text.Append('-');
            }

            text.Append(Alphabet[hash[i] & 31]);
        }

        return new(null, text.ToString());
    }

    /// <summary>As if they were lines of a file.</summary>
    public static async IAsyncEnumerable<KeyLine> CreateAsync(byte[] secret, string sku, int count)
    {
        await Task.CompletedTask;
        for (var i = 1; i <= count; i++)
        {
            yield return new(i, Create(secret, sku, i), null);
        }
    }
}
