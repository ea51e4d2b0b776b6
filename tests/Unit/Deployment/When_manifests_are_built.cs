using System.Text.Json.Nodes;
using CardShop.Api;
using CardShop.Tests.Unit.Partners;
using CardShop.Tests.Unit.Telemetry;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace CardShop.Tests.Unit.Deployment;

/// <summary>Every overlay builds, is valid, and speaks of things that exist.</summary>
public sealed class When_manifests_are_built
{
    public static TheoryData<string> Overlays =>
        ["private", "hybrid", "public", "single-zone", "two-datacentres", "three-regions/east", "three-regions/south", "three-regions/north", "canary"];

    [Theory]
    [MemberData(nameof(Overlays))]
    public void The_overlay_is_there_and_says_what_it_is_for(string overlay)
    {
        Assert.Contains(Path.Combine("overlays", overlay), Kustomize.Folders);
        var text = File.ReadAllText(Repository.Folder("k8s", "overlays", overlay.Split('/')[0], "README.md"));
        Assert.All(["Assumes", "Failover", "Failback"], part => Assert.Contains("## " + part, text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Each_is_valid_by_the_published_schemas()
    {
        var built = await Kustomize.AllAsync();
        Assert.Empty(await SchemaCheck.OfManifestsAsync(built.SelectMany(b => b.Value.Select(d => (b.Key, (JsonNode)d)))));
    }

    [Fact]
    public async Task Each_whole_shop_keeps_the_rules()
    {
        foreach (var (overlay, documents) in await Kustomize.ShopsAsync())
        {
            if (overlay != "files")
            {
                Assert.Equal(string.Empty, string.Join('\n', ManifestRules.FaultsOf(documents).Select(f => $"{overlay}: {f}")));
            }
        }
    }

    [Fact]
    public async Task The_api_would_start_with_its_settings()
    {
        foreach (var (overlay, documents) in await Kustomize.ShopsAsync())
        {
            var container = ManifestRules.PodOf(documents.Single(d => d.Kind() == "Deployment" && d.Name() == "cardshop-api"))
                .At("spec|containers|0")!;
            if (overlay == "files")
            {
                continue;
            }

            var settings = ApiSettings.From(new ConfigurationBuilder().AddInMemoryCollection(
                ManifestRules.VariablesOf(container, documents).Select(v => KeyValuePair.Create(
                    v.Key.Replace("__", ConfigurationPath.KeyDelimiter, StringComparison.Ordinal), (string?)v.Value))).Build());
            Assert.False(settings.Local);
            Assert.NotNull(settings.Kafka.Tls);
            Assert.Contains("Username=secret;Password=secret;", settings.PostgresConnection, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Each_region_has_a_letter_of_its_own()
    {
        var letters = (await Kustomize.ShopsAsync()).Where(b => b.Key.StartsWith("overlays/three-regions/", StringComparison.Ordinal) && !b.Key.EndsWith("/region", StringComparison.Ordinal))
            .Select(b => b.Value.First(d => d.Kind() == "ConfigMap" && d.At("data|Region") is not null).Text("data|Region")).ToList();
        Assert.Equal(letters.Distinct().Count(), letters.Count);
    }

    /// <summary>A certificate is good for the names that it holds: each region is called by one of its own.</summary>
    [Fact]
    public async Task Each_region_is_called_by_the_name_that_its_brokers_show()
    {
        var shops = (await Kustomize.ShopsAsync()).Where(b => b.Key.StartsWith("overlays/three-regions/", StringComparison.Ordinal) && !b.Key.EndsWith("/region", StringComparison.Ordinal))
            .Select(b => b.Value.First(d => d.Kind() == "ConfigMap" && d.At("data|Region") is not null).Map("data")
                is var settings ? (Settings: settings, Kafka: b.Value.Single(d => d.Kind() == "Kafka")) : default).ToList();
        var names = shops.ToDictionary(
            s => s.Settings["Region"], s => s.Kafka.Each("spec|kafka|listeners").Single(l => l.Text("port") == "9094")
                .Each("configuration|bootstrap|alternativeNames").Select(n => $"{n}:9094").Single());
        foreach (var (settings, _) in shops)
        {
            Assert.Equal(
                names.Where(n => n.Key != settings["Region"]).OrderBy(n => n.Key),
                settings.Where(s => s.Key.EndsWith("__BootstrapServers", StringComparison.Ordinal) && s.Key.StartsWith("Regions__", StringComparison.Ordinal))
                    .Select(s => KeyValuePair.Create(s.Key["Regions__".Length..][..1], s.Value)).OrderBy(n => n.Key));
        }
    }

    [Fact]
    public void The_rules_of_the_operator_are_those_that_are_tested()
    {
        var made = Yaml.Documents(File.ReadAllText(Repository.Folder("k8s", "monitoring", "prometheusrules.yaml")))
            .SelectMany(d => d.Each("spec|groups")).Select(g => g.ToJsonString());
        var kept = Directory.GetFiles(Repository.Folder("k8s", "monitoring", "rules"), "*.yaml").Order(StringComparer.Ordinal)
            .SelectMany(f => Yaml.Document(f).Each("groups")).Select(g => g.ToJsonString());
        // k8s/monitoring/prometheusrules makes them anew.
        Assert.Equal(kept, made);
    }

    [Fact]
    public async Task Every_metric_that_a_manifest_asks_for_is_exported()
    {
        var known = When_rules_are_looked_over.KnownMetrics();
        foreach (var (overlay, documents) in await Kustomize.AllAsync())
        {
            var queries = documents.SelectMany(d => d.All()).OfType<JsonObject>().Select(n => n.Text("prometheus|query") ?? n.Text("promProbe/inputs|query"))
                .OfType<string>().Concat(documents.Where(d => d.Kind() == "HorizontalPodAutoscaler").SelectMany(d => d.Each("spec|metrics"))
                    .Select(m => m.Text("pods|metric|name")).OfType<string>());
            Assert.Empty(queries.SelectMany(When_rules_are_looked_over.MetricsOf).Where(m => !known(m)).Select(m => $"{overlay}: {m}"));
        }
    }

    [Fact]
    public async Task The_monthly_round_plays_every_experiment()
    {
        if ((await Kustomize.AllAsync()).GetValueOrDefault("chaos") is not { } chaos)
        {
            return;
        }

        var engines = chaos.Where(d => d.Kind() == "ChaosEngine").ToDictionary(d => d.Name(), d => d.Text("spec|experiments|0|name"));
        var round = chaos.Single(d => d.Kind() == "CronWorkflow");
        var played = round.Each("spec|workflowSpec|templates").First(t => t.Text("name") == "round").Each("steps").SelectMany(s => s.AsArray())
            .Where(s => s.Text("template") == "drill").ToDictionary(
                s => s.Text("arguments|parameters|0|value")!, s => s.Text("arguments|parameters|1|value"));
        Assert.Equal(engines.OrderBy(e => e.Key), played.OrderBy(p => p.Key));
        Assert.All(chaos.Where(d => d.Kind() == "ChaosEngine"), e => Assert.Equal("stop", e.Text("spec|engineState")));
        Assert.All(engines.Values, e => Assert.Contains(e, new[] { "pod-delete", "pod-network-partition", "node-drain" }));
        var templates = round.Each("spec|workflowSpec|templates").Select(t => t.Text("name")).ToHashSet();
        Assert.All(
            round.All().OfType<JsonObject>().Select(n => n.Text("template")).OfType<string>(), name => Assert.Contains(name, templates));
        // What is killed is there, by its label.
        var labels = (await Kustomize.AllAsync())["base"].SelectMany(d => d.All()).OfType<JsonObject>()
            .SelectMany(n => n.Map("labels").Concat(n.Map("matchLabels"))).Select(l => $"{l.Key}={l.Value}")
            .Append("cnpg.io/instanceRole=primary").ToHashSet();
        Assert.All(
            chaos.Where(d => d.Kind() == "ChaosEngine").Select(d => d.Text("spec|appinfo|applabel")).OfType<string>().SelectMany(l => l.Split(',')),
            label => Assert.Contains(label, labels));
    }
}
