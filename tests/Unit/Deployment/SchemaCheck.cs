using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using CardShop.Tests.Unit.Partners;
using Xunit;

namespace CardShop.Tests.Unit.Deployment;

/// <summary>
/// Documents against the published schemas, where those are at hand, with Python's validator, where that is. Elsewhere the
/// structural checks stand alone.
/// </summary>
internal static class SchemaCheck
{
    private const string Validate = """
        import json, os, sys
        try:
            import jsonschema
        except ImportError:
            print("no validator"); sys.exit(0)
        root, work = sys.argv[1], json.load(sys.stdin)
        index = json.load(open(os.path.join(root, "index.json")))
        entries = index if isinstance(index, list) else index["files"]
        kinds = {(e.get("apiVersion"), e.get("kind")): e["path"] for e in entries if e.get("kind")}
        validators = {}
        for name, schema, document in work:
            path = schema or kinds.get((document.get("apiVersion"), document.get("kind")))
            if path is None:
                print(f"{name}: no schema of {document.get('apiVersion')} {document.get('kind')}"); continue
            if path not in validators:
                loaded = json.load(open(os.path.join(root, path)))
                validators[path] = jsonschema.validators.validator_for(loaded)(loaded)
            for error in validators[path].iter_errors(document):
                print(f"{name}: {'/'.join(map(str, error.path))}: {error.message[:200]}")
        """;

    /// <summary>Kubernetes objects, each by its apiVersion and kind.</summary>
    public static Task<string> OfManifestsAsync(IEnumerable<(string Where, JsonNode Document)> manifests) => RunAsync(
        manifests.Select(m => ($"{m.Where} {m.Document.Kind()} {m.Document.Name()}", (string?)null, m.Document)));

    /// <param name="schema">Its path in the folder of schemas.</param>
    public static Task<string> OfAsync(string where, string schema, JsonNode document) => RunAsync([(where, schema, document)]);

    /// <returns>Empty: all are valid. Else a line for each fault. Where nothing is there to judge by, the test shows as skipped.</returns>
    private static async Task<string> RunAsync(IEnumerable<(string Where, string? Schema, JsonNode Document)> work)
    {
        var root = Repository.Schemas;
        Assert.SkipWhen(root is null, "no published schemas are at hand (CARDSHOP_SCHEMAS names their folder)");

        using var process = Process.Start(new ProcessStartInfo("python3", ["-c", Validate, root!])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await using (var writer = new Utf8JsonWriter(process.StandardInput.BaseStream))
        {
            new JsonArray([.. work.Select(w => (JsonNode)new JsonArray(w.Where, w.Schema, w.Document.DeepClone()))]).WriteTo(writer);
        }

        process.StandardInput.Close();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        await process.WaitForExitAsync(limit.Token);
        Assert.SkipWhen((await output).Trim() is "no validator", "Python has no jsonschema");
        return (await output + await errors).Trim();
    }
}
