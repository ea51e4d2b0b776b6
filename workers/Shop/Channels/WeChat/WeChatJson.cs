using System.Text.Encodings.Web;
using System.Text.Json;

namespace CardShop.Shop.Channels.WeChat;

/// <summary>Reading and writing the protocol's JSON, strictly. Public: the sandbox speaks the same.</summary>
public static class WeChatJson
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 32 };

    private static readonly JsonWriterOptions Relaxed = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // no page shows it, and the signature covers the bytes
    };

    /// <summary>An object; null for anything else, a name twice included.</summary>
    public static JsonElement? Read(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes, Strict);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The same members always give the same bytes.</summary>
    public static byte[] Write(Action<Utf8JsonWriter> members)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Relaxed))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    /// <summary>A text that is there and not empty; else null, for other types too.</summary>
    public static string? Text(JsonElement of, string name) =>
        Member(of, name) is { ValueKind: JsonValueKind.String } value && value.GetString() is { Length: > 0 } text
            ? text
            : null;

    /// <summary>A whole number written as a number; null for anything else, a number in quotes included.</summary>
    public static long? Integer(JsonElement of, string name) =>
        Member(of, name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out var number)
            ? number
            : null;

    /// <summary>An object within; null for anything else.</summary>
    public static JsonElement? Inner(JsonElement of, string name) =>
        Member(of, name) is { ValueKind: JsonValueKind.Object } value ? value : null;

    private static JsonElement? Member(JsonElement of, string name) =>
        of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out var value) ? value : null;
}
