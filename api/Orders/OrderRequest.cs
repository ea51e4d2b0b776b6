using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace CardShop.Api.Orders;

/// <summary>What a buyer sends.</summary>
/// <param name="Quantity">1 or more, at most the product's maximum.</param>
/// <param name="Contact">How the buyer is found again: mail address, phone number, or any text of 3 to 254 characters.</param>
/// <param name="Password">Optional, 6 to 128 characters: for looking orders up by contact.</param>
public sealed record OrderRequest(string? Sku, int? Quantity, string? Contact, string? Channel, string? Password);

/// <summary>By which channel the buyer of an unpaid order wants to pay instead.</summary>
public sealed record ChannelRequest(string? Channel);

/// <summary>The answer to a request about an order, once it is written down; the order shows what comes of it.</summary>
public sealed record OrderNoted(string OrderId, string StatusUrl);

/// <summary>The answer to an accepted order.</summary>
/// <param name="Token">The buyer's proof; repeats may carry another one of the same order.</param>
public sealed record OrderAccepted(
    string OrderId, string Status, string StatusUrl, string Token, DateTimeOffset AcceptedAt, MoneyView Amount,
    Tables.QueuePlace Queue);

/// <param name="Minor">Integer minor units: fen.</param>
public sealed record MoneyView(string Currency, long Minor);

/// <summary>Reads and checks a request; what is wrong is said per field.</summary>
internal static class OrderRequestReader
{
    public const int MaxBody = 16 * 1024;
    public const int MinKey = 16;
    public const int MaxKey = 255;

    /// <returns>The request, or what is wrong with it.</returns>
    public static (OrderRequest? Request, Problem? Problem) Parse(ReadOnlySpan<byte> body) =>
        Parse(body, RequestJson.Default.OrderRequest, "sku, quantity, contact and channel");

    /// <returns>The request, or what is wrong with it.</returns>
    public static (ChannelRequest? Request, Problem? Problem) ParseSwitch(ReadOnlySpan<byte> body) =>
        Parse(body, RequestJson.Default.ChannelRequest, "channel");

    /// <returns>The request with both fields as orders have them, or what is wrong with it.</returns>
    public static (LookupRequest? Request, Problem? Problem) ParseLookup(ReadOnlySpan<byte> body)
    {
        var (request, problem) = Parse(body, RequestJson.Default.LookupRequest, "contact and password");
        return request is null ? (null, problem)
            : !IsText(request.Contact, 3, 254)
                ? (null, Problem.Field("contact", "Give the contact that the order was placed with, 3 to 254 characters."))
            : !IsText(request.Password, 6, 128)
                ? (null, Problem.Field("password", "Give the order's query password, 6 to 128 characters."))
            : (request, null);
    }

    private static (T? Request, Problem? Problem) Parse<T>(ReadOnlySpan<byte> body, JsonTypeInfo<T> json, string fields)
        where T : class
    {
        try
        {
            var request = JsonSerializer.Deserialize(body, json);
            return request is null
                ? (null, Problem.Of(StatusCodes.Status400BadRequest, "The body is null", "Send a JSON object."))
                : (request, null);
        }
        catch (JsonException e)
        {
            return (null, Explain(e, [.. json.Properties.Select(p => p.Name)], fields));
        }
    }

    /// <returns>Null when every field is right for this product.</returns>
    public static Dictionary<string, string[]>? Check(OrderRequest request, IReadOnlyCollection<string> channels)
    {
        Dictionary<string, string[]>? errors = null;
        void Add(string field, string message) => (errors ??= [])[field] = [message];

        if (!IsSku(request.Sku))
        {
            Add("sku", "Name a product by its sku: 1 to 64 letters, digits, '.', '_' or '-'.");
        }

        if (request.Quantity is not >= 1)
        {
            Add("quantity", "Say how many, a whole number from 1.");
        }

        if (!IsText(request.Contact, 3, 254))
        {
            Add("contact", "Give a mail address or phone number, 3 to 254 characters.");
        }

        if (request.Channel is null || !channels.Contains(request.Channel))
        {
            Add("channel", "Choose one of: " + string.Join(", ", channels) + ".");
        }

        if (request.Password is not null && !IsText(request.Password, 6, 128))
        {
            Add("password", "Use 6 to 128 characters, or leave it out.");
        }

        return errors;
    }

    /// <summary>16 to 255 printable ASCII characters.</summary>
    public static bool IsIdempotencyKey(string key) =>
        key.Length is >= MinKey and <= MaxKey && !key.AsSpan().ContainsAnyExceptInRange('!', '~');

    private static bool IsSku(string? sku)
    {
        if (sku is not { Length: >= 1 and <= 64 })
        {
            return false;
        }

        foreach (var c in sku)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '-'))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsText(string? text, int least, int most)
    {
        if (text is null || text.Length > most || text.AsSpan().Trim().Length < least)
        {
            return false;
        }

        foreach (var rune in text.EnumerateRunes())
        {
            // Control characters, and halves of surrogate pairs that EnumerateRunes replaces.
            if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control || rune == Rune.ReplacementChar)
            {
                return false;
            }
        }

        return true;
    }

    private static Problem Explain(JsonException e, string[] known, string fields)
    {
        // A syntax error is the reader's own exception inside; what is left are fields of a wrong kind.
        var path = e.InnerException is not JsonException && e.Path is { Length: > 2 } p && p.StartsWith("$.", StringComparison.Ordinal) ? p[2..] : null;
        if (path is not null && path.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-'))
        {
            return Problem.Field(
                path,
                !known.Contains(path) ? "This field is not known; leave it out."
                : path == "quantity" ? "This must be a whole number from 1, given once and without quotes."
                : "This must be text, given once.");
        }

        return Problem.Of(
            StatusCodes.Status400BadRequest, "The body is not valid JSON",
            $"Send one JSON object in UTF-8 with {fields}."
            + (e.BytePositionInLine is { } at
                ? string.Create(CultureInfo.InvariantCulture, $" Line {e.LineNumber + 1}, byte {at}.")
                : string.Empty));
    }
}
