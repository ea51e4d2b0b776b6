using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using CardShop.Contracts;

namespace CardShop.Shopctl.DeadLetters;

/// <summary>
/// What of a record's body may be shown: fields that are known to be neither contact, nor key text, nor a provider's raw
/// message. Of a body that is no JSON, its beginning with whatever could be an address or a number masked.
/// </summary>
public static partial class LetterText
{
    private const int MaxValue = 120;
    private const int MaxRaw = 200;

    private static readonly HashSet<string> Shown =
    [
        "orderId", "sku", "quantity", "unitPrice", "amount", "currency", "productName", "hold", "kind", "channel", "region",
        "acceptedAt", "requestedAt", "profile", "number", "tradeNo", "notifyId", "status", "paidAt", "arrivedAt",
        "refundNumber", "refundAmount", "refundDone", "catalogVersion", "sequence", "deliveredAt", "refundedAt", "failedAt",
        "expiredAt", "partnerId", "webhook", "after", "until", "OrderId", "Number", "RefundNumber", "SagaVersion",
    ];

    /// <summary>One line per field; of records with keys nothing but what they are.</summary>
    public static IReadOnlyList<string> Of(DeadLetter letter)
    {
        if (letter.Topic == Topics.KeyBatches.Name)
        {
            return [];
        }

        try
        {
            using var json = JsonDocument.Parse(letter.Body);
            return json.RootElement.ValueKind == JsonValueKind.Object
                ? [.. json.RootElement.EnumerateObject().Where(p => Shown.Contains(p.Name)).Select(Line)]
                : [$"JSON, but no object: {json.RootElement.ValueKind}"];
        }
        catch (JsonException)
        {
            return letter.Body.Length == 0 ? [] : ["no JSON: " + Masked(letter.Body)];
        }
    }

    private static string Line(JsonProperty property) =>
        $"{property.Name}: {Clipped(property.Value.ValueKind == JsonValueKind.String ? property.Value.GetString()! : property.Value.GetRawText())}";

    private static string Masked(byte[] body)
    {
        var text = Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, MaxRaw)));
        return Clipped(Long().Replace(Address().Replace(text, "***"), "***"));
    }

    private static string Clipped(string text)
    {
        var clean = new StringBuilder(Math.Min(text.Length, MaxValue));
        foreach (var c in text.Take(MaxValue))
        {
            clean.Append(char.IsControl(c) || char.GetUnicodeCategory(c) == UnicodeCategory.OtherNotAssigned ? '·' : c);
        }

        return text.Length > MaxValue ? clean.Append('…').ToString() : clean.ToString();
    }

    /// <summary>Whatever has an @ in it.</summary>
    [GeneratedRegex(@"[^\s""',:;{}]*@[^\s""',:;{}]*", RegexOptions.CultureInvariant)]
    private static partial Regex Address();

    /// <summary>Telephone numbers, keys, cipher texts: runs of digits, and long runs of letters and digits.</summary>
    [GeneratedRegex(@"[\d\-]{5,}|[A-Za-z0-9+/=\-]{12,}", RegexOptions.CultureInvariant)]
    private static partial Regex Long();
}
