using System.Globalization;
using System.Text;
using CardShop.Contracts;
using CardShop.Shopctl.Settings;

namespace CardShop.Shopctl.Products;

/// <summary>Options of a product that are more than one word.</summary>
public static class ProductWords
{
    /// <summary>No description is longer, in whatever characters it is written.</summary>
    private const int MostBytes = 64 * 1024;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <param name="given">Each <c>N=FEN</c>: from N units on, each costs so much.</param>
    /// <returns>The tiers, lowest quantity first; an empty list = none any more; null = as they are.</returns>
    /// <exception cref="ShopctlException">One cannot be read, or both were said.</exception>
    public static IReadOnlyList<PriceTier>? Tiers(IReadOnlyList<string> given, bool none) => (given.Count > 0, none) switch
    {
        (true, true) => throw new ShopctlException(ExitCodes.Usage, "Say --tier or --no-tiers, not both."),
        (true, false) => [.. given.Select(Tier).OrderBy(t => t.From)],
        (false, true) => [],
        _ => null,
    };

    /// <param name="file">A file that says it.</param>
    /// <exception cref="ShopctlException">The file cannot be read, or both were said.</exception>
    public static string? Description(string? text, string? file)
    {
        if (file is null)
        {
            return text;
        }

        if (text is not null)
        {
            throw new ShopctlException(ExitCodes.Usage, "Say --description or --description-file, not both.");
        }

        try
        {
            if (new FileInfo(file).Length > MostBytes)
            {
                throw new ShopctlException(
                    ExitCodes.Usage, $"--description-file {file} is longer than a description may be: 4000 characters.");
            }

            return File.ReadAllText(file, Utf8);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ShopctlException(
                ExitCodes.Usage, $"--description-file {file} must be a file in UTF-8 that can be read: {e.Message}");
        }
    }

    /// <summary>A product's tiers in words; a dash where it has none.</summary>
    public static string Describe(Product product) => product.Tiers is not { } tiers ? "-" : string.Join(", ", tiers.Select(
        t => string.Create(CultureInfo.InvariantCulture, $"from {t.From}: {t.Price} fen each")));

    private static PriceTier Tier(string text) =>
        text.Split('=') is [var from, var price]
            && int.TryParse(from, NumberStyles.None, CultureInfo.InvariantCulture, out var units)
            && long.TryParse(price, NumberStyles.None, CultureInfo.InvariantCulture, out var fen)
            ? new(units, fen)
            : throw new ShopctlException(
                ExitCodes.Usage, $"--tier {text} must be N=FEN: 10=4500 means that from 10 units on each costs 4500 fen.");
}
