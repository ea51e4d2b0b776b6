using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using CardShop.Api.Orders;
using CardShop.Contracts;
using CardShop.Shop.Operators;

namespace CardShop.Api.Admin;

/// <summary>What operators send, read and checked. Pure.</summary>
public static class AdminInput
{
    /// <summary>Bytes of a body.</summary>
    public const int MaxBody = 48 * 1024;

    /// <summary>Rows of a page.</summary>
    public const int MaxRows = 500;

    /// <summary>Characters of a reason.</summary>
    public const int MaxWhy = 200;

    private const int UsualRows = 50;
    private const int MaxGoods = 8_000;
    private const string Scheme = "Bearer ";

    /// <summary>The key of an <c>Authorization</c> header; null where none is shown.</summary>
    public static string? KeyOf(string? header) =>
        header is not null && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            && header[Scheme.Length..].Trim() is { Length: > 0 and <= OperatorFiles.MaxKeyLength } key
            ? key
            : null;

    /// <summary>A name that may stand in the audit though nobody is known to have said it.</summary>
    public static string Subject(string? text) =>
        text is { Length: >= 1 and <= 64 } && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_') ? text : "-";

    /// <returns>The request, or what is wrong with the body.</returns>
    public static (T? Request, Problem? Wrong) Read<T>(ReadOnlySpan<byte> body, JsonTypeInfo<T> json, string example)
        where T : class, IAdminRequest
    {
        var (request, wrong) = Parse(body, json, example);
        return request is not null && FaultsOf(request) is { Count: > 0 } faults
            ? (null, Problem.Fields(faults.ToDictionary(f => f.Field, f => new[] { f.Message })))
            : (request, wrong);
    }

    /// <returns>The JSON as it is meant, unchecked; or what is wrong with the body.</returns>
    public static (T? Request, Problem? Wrong) Parse<T>(ReadOnlySpan<byte> body, JsonTypeInfo<T> json, string example)
        where T : class
    {
        T? request;
        var where = string.Empty;
        try
        {
            request = JsonSerializer.Deserialize(body, json);
        }
        catch (JsonException e)
        {
            request = null;
            where = e.Path is { Length: > 1 and <= 80 } path ? $"At {path}: it is unknown, or of another type. " : string.Empty;
        }

        return request is null
            ? (null, Problem.Of(StatusCodes.Status400BadRequest, "The body cannot be read", $"{where}Send {example}"))
            : (request, null);
    }

    /// <summary>The Idempotency-Key, which every changing call has.</summary>
    public static (string? Key, Problem? Wrong) IdempotencyKey(IReadOnlyList<string?> header) =>
        header is [{ } key] && OrderRequestReader.IsIdempotencyKey(key)
            ? (key, null)
            : (null, Problem.Field(
                "Idempotency-Key", "Send one of 16 to 255 printable ASCII characters, the same one in every repeat of this call."));

    /// <summary>How many rows are wanted.</summary>
    public static (int Rows, Problem? Wrong) Limit(string? text) =>
        text is null ? (UsualRows, null)
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var rows) && rows is >= 1 and <= MaxRows
            ? (rows, null)
            : (0, Problem.Field("limit", string.Create(CultureInfo.InvariantCulture, $"It must be 1 to {MaxRows}.")));

    /// <summary>Where a page of the audit starts: a moment, or the <c>next</c> of an earlier page.</summary>
    public static (IReadOnlyList<long>? After, DateTimeOffset Since, Problem? Wrong) From(string? text, DateTimeOffset now)
    {
        if (text is null)
        {
            return (null, now.AddDays(-1), null);
        }

        var places = text.Split('.').Select(p =>
            p.Length is > 0 and < 19 && long.TryParse(p, NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : -1).ToList();
        if (places.Count == Topics.Audit.Partitions && places.TrueForAll(p => p >= 0))
        {
            return (places, default, null);
        }

        return text.Contains('T', StringComparison.Ordinal)
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var since)
            ? (null, since, null)
            : (null, default, Problem.Field("from", "Say from when, as 2030-01-01T00:00:00Z, or the 'next' of an earlier answer."));
    }

    /// <summary>What <see cref="From"/> reads.</summary>
    public static string Next(IReadOnlyList<long> places) =>
        string.Join('.', places.Select(p => p.ToString(CultureInfo.InvariantCulture)));

    private static List<(string Field, string Message)> FaultsOf(IAdminRequest request)
    {
        var faults = new List<(string, string)>();
        void Check(bool holds, string field, string message)
        {
            if (!holds)
            {
                faults.Add((field, message));
            }
        }

        Check(IsText(request.Why, MaxWhy), "why", "Say why, in 1 to 200 characters. It is kept in the audit.");
        Check(request.Approval is null || Subject(request.Approval) != "-", "approval", "That is no approval's id.");
        switch (request)
        {
            case RefundRequest r:
                Check(r.Amount is null or >= 1, "amount", "Fen, 1 or more; leave it out for all that is left.");
                Check(IsNumber(r.Number), "number", "That is no payment's number.");
                break;
            case ConfirmPaidRequest r:
                Check(IsText(r.Reference, MaxWhy), "reference", "Say what proves the payment, in 1 to 200 characters.");
                Check(r.Amount >= 1, "amount", "Say what came in, in fen.");
                Check(IsNumber(r.Number), "number", "That is no payment's number.");
                break;
            case HandOverRequest r:
                Check(IsGoods(r.Text), "text", GoodsMessage);
                break;
            case ReplaceRequest r:
                Check(r.KeyId is not null, "keyId", "Say which key is faulty: GET /v1/admin/orders/{id} has their ids.");
                Check(r.Text is null || IsGoods(r.Text), "text", GoodsMessage);
                break;
            case ProductRequest r:
                Check(r.Name is not null, "name", "Say the product's name.");
                Check(r.Price is not null, "price", "Say the price of a unit, in fen.");
                break;
            default:
                break;
        }

        return faults;
    }

    private const string GoodsMessage = "Say what the buyer gets, in 1 to 8000 characters without control characters.";

    /// <summary>Words of people: something is said, in so many characters, none of them a control character.</summary>
    public static bool IsText(string? text, int most) =>
        text is not null && text.Trim().Length >= 1 && text.Length <= most && !text.Any(char.IsControl);

    private static bool IsNumber(string? number) => number is null || Subject(number) != "-";

    private static bool IsGoods(string? text) => text is not null && text.Trim().Length >= 1 && text.Length <= MaxGoods
        && !text.Any(c => char.IsControl(c) && c is not ('\n' or '\r' or '\t'));
}
