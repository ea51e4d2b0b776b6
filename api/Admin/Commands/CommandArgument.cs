using System.Globalization;
using System.Text.Json;

namespace CardShop.Api.Admin.Commands;

/// <summary>
/// An argument of a command that the console may give: what it may be, and how shopctl is told. Every value is bounded, and
/// none begins with a hyphen, so that no value is ever taken for an option. Pure.
/// </summary>
/// <param name="Name">In the request's <c>arguments</c>.</param>
/// <param name="Hint">What it must be, for whoever sent something else.</param>
public sealed record CommandArgument(string Name, string Hint)
{
    private const int MaxText = 128;

    /// <summary>shopctl's option; null where it stands without one.</summary>
    public string? Option { get; init; }

    public bool IsRequired { get; init; }

    /// <summary>Values of a list; 0 where it is no list.</summary>
    public int Most { get; init; }

    /// <summary>The least and the most of a whole number; null where it is text.</summary>
    public (int Least, int Most)? Range { get; init; }

    /// <summary>Whether a text is one.</summary>
    public Func<string, bool> Fits { get; init; } = _ => false;

    /// <returns>shopctl's words for a value, or null where it is none.</returns>
    public IReadOnlyList<string>? Words(JsonElement value)
    {
        if (Most > 0)
        {
            return value.ValueKind == JsonValueKind.Array && value.GetArrayLength() is var count && count >= 1 && count <= Most
                && value.EnumerateArray().Select(Text).ToList() is var texts && texts.TrueForAll(t => t is not null)
                ? [.. texts.Select(t => t!).Distinct().Select(Word)]
                : null;
        }

        return (Range is { } range ? Number(value, range) : Text(value)) is { } text ? [Word(text)] : null;
    }

    /// <summary>One word, so that what the value begins with says nothing to who reads the words.</summary>
    private string Word(string text) => Option is null ? text : $"{Option}={text}";

    private string? Text(JsonElement value) =>
        value.ValueKind == JsonValueKind.String && value.GetString() is { Length: >= 1 and <= MaxText } text
            && char.IsAsciiLetterOrDigit(text[0]) && Fits(text)
            ? text
            : null;

    private static string? Number(JsonElement value, (int Least, int Most) range) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number)
            && number >= range.Least && number <= range.Most
            ? number.ToString(CultureInfo.InvariantCulture)
            : null;
}
