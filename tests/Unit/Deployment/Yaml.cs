using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace CardShop.Tests.Unit.Deployment;

/// <summary>YAML as JSON: what the API server, Compose and the schemas see.</summary>
internal static partial class Yaml
{
    /// <summary>All documents of a text; merge keys are merged.</summary>
    public static IReadOnlyList<JsonObject> Documents(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return [.. stream.Documents.Select(d => ToJson(d.RootNode)).OfType<JsonObject>()];
    }

    public static JsonObject Document(string path) => Documents(File.ReadAllText(path))[0];

    private static JsonNode? ToJson(YamlNode node) => node switch
    {
        YamlMappingNode map => Merged(map),
        YamlSequenceNode list => new JsonArray([.. list.Children.Select(ToJson)]),
        YamlScalarNode { Style: ScalarStyle.Plain, Value: { } text } => Plain(text),
        _ => ((YamlScalarNode)node).Value,
    };

    /// <summary>What <c>&lt;&lt;</c> brings, and over it the mapping's own.</summary>
    private static JsonObject Merged(YamlMappingNode map)
    {
        var merged = new JsonObject();
        foreach (var (key, value) in map.Children.OrderBy(c => ((YamlScalarNode)c.Key).Value != "<<"))
        {
            if (((YamlScalarNode)key).Value is "<<" && ToJson(value) is JsonObject brought)
            {
                foreach (var name in brought.Select(b => b.Key).ToList())
                {
                    merged[name] = brought[name]?.DeepClone();
                }
            }
            else
            {
                merged[((YamlScalarNode)key).Value!] = ToJson(value);
            }
        }

        return merged;
    }

    /// <summary>As YAML 1.1 reads a word: a leading zero means octal.</summary>
    private static JsonNode? Plain(string text) => text switch
    {
        "" or "~" or "null" => null,
        "true" => true,
        "false" => false,
        _ when Octal().IsMatch(text) => Convert.ToInt64(text, 8),
        _ when Whole().IsMatch(text) && long.TryParse(text, CultureInfo.InvariantCulture, out var number) => number,
        _ when Fraction().IsMatch(text) => double.Parse(text, CultureInfo.InvariantCulture),
        _ => text,
    };

    [GeneratedRegex("^0[0-7]+$")]
    private static partial Regex Octal();

    [GeneratedRegex(@"^[-+]?\d+$")]
    private static partial Regex Whole();

    [GeneratedRegex(@"^[-+]?\d+\.\d*([eE][-+]?\d+)?$")]
    private static partial Regex Fraction();
}

/// <summary>Short ways into JSON: a path of names, absent things as null.</summary>
internal static class JsonPaths
{
    /// <param name="path">Names and indices, separated by bars: labels have dots and slashes.</param>
    public static JsonNode? At(this JsonNode? node, string path)
    {
        foreach (var name in path.Split('|'))
        {
            node = node switch
            {
                JsonObject map => map[name],
                JsonArray list when int.TryParse(name, out var index) && index < list.Count => list[index],
                _ => null,
            };
        }

        return node;
    }

    public static string? Text(this JsonNode? node, string path) => node.At(path)?.ToString();

    public static IEnumerable<JsonNode> Each(this JsonNode? node, string path) => (node.At(path) as JsonArray ?? []).OfType<JsonNode>();

    public static IReadOnlyDictionary<string, string> Map(this JsonNode? node, string path) =>
        (node.At(path) as JsonObject)?.ToDictionary(p => p.Key, p => p.Value?.ToString() ?? string.Empty) ?? [];

    public static string Kind(this JsonNode document) => document.Text("kind") ?? string.Empty;

    public static string Name(this JsonNode document) => document.Text("metadata|name") ?? string.Empty;

    /// <summary>The node and everything below it.</summary>
    public static IEnumerable<JsonNode> All(this JsonNode? node) => node switch
    {
        JsonObject map => map.SelectMany(p => p.Value.All()).Prepend(map),
        JsonArray list => list.SelectMany(i => i.All()).Prepend(list),
        null => [],
        _ => [node],
    };
}
