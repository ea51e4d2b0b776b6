using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace CardShop.Tests.Unit.Deployment;

/// <summary>
/// What must hold of the manifests of one shop, beyond any schema: what they name exists, and what they promise is said. Pure: a list
/// of documents in, a list of faults out.
/// </summary>
internal static partial class ManifestRules
{
    /// <summary>Kinds that belong to no namespace.</summary>
    private static readonly string[] ClusterWide =
        ["Namespace", "PriorityClass", "GatewayClass", "ClusterSecretStore", "ClusterIssuer", "ClusterRole", "ClusterRoleBinding"];

    public static IReadOnlyList<string> FaultsOf(IReadOnlyList<JsonObject> documents)
    {
        var faults = new List<string>();
        foreach (var document in documents)
        {
            if (document.Text("apiVersion") is null || document.Kind().Length == 0 || document.Name().Length == 0)
            {
                faults.Add($"a document has no apiVersion, kind or name: {document.ToJsonString()[..Math.Min(80, document.ToJsonString().Length)]}");
                continue;
            }

            var where = $"{document.Kind()} {document.Name()}";
            var isWide = ClusterWide.Contains(document.Kind());
            if (isWide != (document.Text("metadata|namespace") is null))
            {
                faults.Add($"{where}: {(isWide ? "belongs to no namespace" : "names no namespace")}");
            }

            if (PodOf(document) is { } pod)
            {
                faults.AddRange(Pods.FaultsOf(document, pod, documents).Select(f => $"{where}: {f}"));
            }
        }

        faults.AddRange(documents.GroupBy(d => (d.Text("apiVersion"), d.Kind(), d.Text("metadata|namespace"), d.Name()))
            .Where(g => g.Count() > 1).Select(g => $"{g.Key.Item2} {g.Key.Item4} is there {g.Count()} times"));
        faults.AddRange(References.FaultsOf(documents));
        faults.AddRange(Scaling.FaultsOf(documents));
        faults.AddRange(Servers.FaultsOf(documents));
        faults.AddRange(Regions.FaultsOf(documents));
        return faults;
    }

    /// <summary>The pod template of a workload that this shop's images run in; null of anything else.</summary>
    public static JsonObject? PodOf(JsonNode document) => document.Kind() switch
    {
        "Deployment" or "StatefulSet" or "DaemonSet" or "Job" => document.At("spec|template") as JsonObject,
        "CronJob" => document.At("spec|jobTemplate|spec|template") as JsonObject,
        _ => null,
    };

    /// <summary>What the programs are told.</summary>
    public static IReadOnlyDictionary<string, string> Settings(IReadOnlyList<JsonObject> documents) =>
        documents.FirstOrDefault(d => d.Kind() == "ConfigMap" && d.At("data|Region") is not null).Map("data");

    /// <summary>The variables of a container, in the order in which they count: settings, then its own.</summary>
    public static IReadOnlyDictionary<string, string> VariablesOf(JsonNode container, IReadOnlyList<JsonObject> documents)
    {
        var all = new Dictionary<string, string>();
        foreach (var from in container.Each("envFrom"))
        {
            var map = documents.FirstOrDefault(d => d.Kind() == "ConfigMap" && d.Name() == from.Text("configMapRef|name"));
            foreach (var (name, value) in map.Map("data"))
            {
                all[name] = value;
            }
        }

        foreach (var variable in container.Each("env"))
        {
            var value = variable.Text("value") ?? "secret";
            all[variable.Text("name")!] = Expansion().Replace(value, m => all.GetValueOrDefault(m.Groups[1].Value, m.Value));
        }

        return all;
    }

    [GeneratedRegex(@"\$\((\w+)\)")]
    private static partial Regex Expansion();
}
