using System.Text.Json;

namespace CardShop.Shop.Channels.Alipay;

/// <summary>
/// The outer object of an answer: the response node as the exact bytes that were signed, and the signature.
/// Nothing is serialised again: a byte more or less and the signature would cover something else.
/// </summary>
internal sealed record AlipayEnvelope(ReadOnlyMemory<byte> Node, bool IsError, string? Signature)
{
    private const string ErrorNode = "error_response";

    /// <summary>
    /// Null unless the answer is one sound JSON object with exactly one response node, named
    /// <paramref name="expectedNode"/> or <c>error_response</c>, and no name twice (however it is escaped).
    /// </summary>
    public static AlipayEnvelope? Read(ReadOnlyMemory<byte> answer, string expectedNode)
    {
        var nodes = new Dictionary<string, Range>(StringComparer.Ordinal);
        string? signature = null;
        try
        {
            var reader = new Utf8JsonReader(answer.Span, new JsonReaderOptions { MaxDepth = 32 });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return null;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString()!;
                reader.Read();
                var start = (int)reader.TokenStartIndex;
                if (name == "sign" && reader.TokenType == JsonTokenType.String)
                {
                    signature = reader.GetString();
                }

                reader.Skip();
                if (!nodes.TryAdd(name, start..(int)reader.BytesConsumed))
                {
                    return null;
                }
            }

            // Past the closing brace only white space may come; the reader throws for anything else.
            reader.Read();
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            return null;
        }

        var isError = nodes.ContainsKey(ErrorNode);
        if (isError == nodes.ContainsKey(expectedNode))
        {
            return null;
        }

        var node = answer[nodes[isError ? ErrorNode : expectedNode]];
        return node.Span[0] == '{' ? new AlipayEnvelope(node, isError, signature) : null;
    }
}
