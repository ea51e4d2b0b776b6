using System.Diagnostics;
using CardShop.Contracts;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace CardShop.Tests.Unit.Partners;

public sealed class When_the_asyncapi_document_is_checked
{
    private const string Validate = """
        import json, sys
        try:
            import jsonschema
        except ImportError:
            print("no validator"); sys.exit(0)
        schema = json.load(open(sys.argv[1]))
        jsonschema.validators.validator_for(schema)(schema).validate(json.load(sys.stdin))
        print("valid")
        """;

    private static readonly YamlMappingNode Root = Load();

    [Fact]
    public void It_names_the_topic_and_every_event_with_its_schema()
    {
        Assert.Equal("3.0.0", Text(Root, "asyncapi"));
        var channel = Map(Root, "channels", "deliveries");
        Assert.Equal(Topics.Deliveries.Name, Text(channel, "address"));
        Assert.Equal(
            Topics.Deliveries.Partitions.ToString(System.Globalization.CultureInfo.InvariantCulture),
            Text(Map(channel, "bindings", "kafka"), "partitions"));
        var messages = Map(Root, "components", "messages");
        Assert.Equal(
            MessageTypes.PartnerEvents.Order(), messages.Children.Values.Select(m => Text((YamlMappingNode)m, "name")).Order());
        Assert.Equal(
            messages.Children.Keys.Select(k => k.ToString()).Order(), Map(channel, "messages").Children.Keys.Select(k => k.ToString()).Order());
        foreach (var message in messages.Children.Values.Cast<YamlMappingNode>())
        {
            Assert.True(File.Exists(Path.Combine(Repository.Folder("contracts"), Text(Map(message, "payload", "schema"), "$ref"))));
        }
    }

    [Fact]
    public void Every_reference_leads_somewhere() => Assert.All(
        Root.AllNodes.OfType<YamlMappingNode>().Where(n => n.Children.ContainsKey(new YamlScalarNode("$ref")))
            .Select(n => Text(n, "$ref")).Where(r => r.StartsWith("#/", StringComparison.Ordinal)),
        reference => Assert.NotNull(Map(Root, reference[2..].Split('/'))));

    /// <summary>Against the published schema where that is at hand, with Python's validator where that is.</summary>
    [Fact]
    public async Task It_is_valid_asyncapi()
    {
        var schema = Repository.Schemas is { } folder ? Path.Combine(folder, "docs", "asyncapi", "asyncapi-3.0.0-without-id.json") : null;
        var said = schema is not null && File.Exists(schema) ? await RunAsync(schema) : "no schema";

        Assert.Contains(said, (string[])["valid", "no validator", "no schema"]);
    }

    private static async Task<string> RunAsync(string schema)
    {
        using var process = Process.Start(new ProcessStartInfo("python3", ["-c", Validate, schema])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.StandardInput.WriteAsync(Json(Root));
        process.StandardInput.Close();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (await output).Trim() is { Length: > 0 } said ? said : await errors;
    }

    private static string Json(YamlNode node) => node switch
    {
        YamlMappingNode map => "{" + string.Join(',', map.Children.Select(c => Quoted(c.Key.ToString()) + ":" + Json(c.Value))) + "}",
        YamlSequenceNode list => "[" + string.Join(',', list.Children.Select(Json)) + "]",
        YamlScalarNode { Style: YamlDotNet.Core.ScalarStyle.Plain, Value: { } text } when long.TryParse(text, out _) => text,
        _ => Quoted(((YamlScalarNode)node).Value ?? string.Empty),
    };

    private static string Quoted(string text) =>
        System.Text.Json.JsonSerializer.Serialize(text, System.Text.Json.JsonSerializerOptions.Web);

    private static string Text(YamlMappingNode map, string key) => map.Children[new YamlScalarNode(key)].ToString();

    private static YamlMappingNode Map(YamlMappingNode from, params ReadOnlySpan<string> path)
    {
        foreach (var key in path)
        {
            from = (YamlMappingNode)from.Children[new YamlScalarNode(key)];
        }

        return from;
    }

    private static YamlMappingNode Load()
    {
        using var reader = new StreamReader(Repository.Folder("contracts", "asyncapi.yaml"));
        var stream = new YamlStream();
        stream.Load(reader);
        return (YamlMappingNode)stream.Documents[0].RootNode;
    }
}
