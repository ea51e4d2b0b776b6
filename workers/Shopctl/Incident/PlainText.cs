using System.Text.RegularExpressions;

namespace CardShop.Shopctl.Incident;

/// <summary>Free text as a report may show it: short, on one line, without mail addresses and telephone numbers.</summary>
public static partial class PlainText
{
    private const int MaxLength = 200;

    /// <summary>For a cell of a Markdown table.</summary>
    public static string Cell(string? text)
    {
        var clean = Telephone().Replace(Address().Replace(Blank().Replace(text ?? string.Empty, " ").Trim(), "(contact)"), "(contact)");
        var cut = clean.Length <= MaxLength ? clean : clean[..MaxLength] + "…";
        return cut.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("|", "\\|", StringComparison.Ordinal)
            .Replace("<", "&lt;", StringComparison.Ordinal).Replace("`", "'", StringComparison.Ordinal);
    }

    [GeneratedRegex(@"[\s\p{C}]+")]
    private static partial Regex Blank();

    [GeneratedRegex(@"[^\s@|]+@[^\s@|]+")]
    private static partial Regex Address();

    /// <summary>Mobile numbers as buyers give them, with or without a country's prefix.</summary>
    [GeneratedRegex(@"(?<![\w-])(?:\+\d{1,3}[ -]?)?1\d{2}[ -]?\d{4}[ -]?\d{4}(?![\w-])")]
    private static partial Regex Telephone();
}
