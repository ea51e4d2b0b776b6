using System.Text;

namespace CardShop.Shop.Channels;

/// <summary>Text of ours for a provider's field.</summary>
internal static class RequestText
{
    /// <summary>Whole characters up to the limit; control characters become spaces, broken ones U+FFFD.</summary>
    public static string Clean(string text, int limit)
    {
        var clean = new StringBuilder(Math.Min(text.Length, limit));
        foreach (var rune in text.EnumerateRunes())
        {
            if (clean.Length + rune.Utf16SequenceLength > limit)
            {
                break;
            }

            clean.Append((Rune.IsControl(rune) ? new Rune(' ') : rune).ToString());
        }

        return clean.ToString();
    }
}
