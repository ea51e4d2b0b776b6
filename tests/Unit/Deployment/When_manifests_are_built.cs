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
        var letters = (await RegionsAsync())
            .Select(b => b.Value.First(d => d.Kind() == "ConfigMap" && d.At("data|Region") is not null).Text("data|Region")).ToList();
        Assert.Equal(letters.Distinct().Count(), letters.Count);
    }

    /// <summary>A certificate is good for the names that it holds: each region is called by one of its own.</summary>
    [Fact]
    public async Task Each_region_is_called_by_the_name_that_its_brokers_show()
    {
        var shops = (await RegionsAsync())
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

    /// <summary>What the host of a lost region sends its notifications to is there, and is sent nowhere else.</summary>
    [Fact]
    public async Task A_region_that_was_taken_over_is_reached_by_its_hosts_gateway()
    {
        var built = await Kustomize.AllAsync();
        if (built.GetValueOrDefault("overlays/three-regions/takeover/south") is not { } host)
        {
            return;
        }

        var guest = built["overlays/three-regions/takeover/east"];
        var settings = ManifestRules.Settings(guest);
        var routes = host.Where(d => d.Kind() == "HTTPRoute" && d.Name() != "cardshop-redirect"
            && d.Each("spec|hostnames").Any(h => settings["PublicUrl"] == $"https://{h}")).ToList();
        var back = Assert.Single(routes).Each("spec|rules").SelectMany(r => r.Each("backendRefs")).ToList();
        Assert.NotEmpty(back);
        Assert.All(back, b => Assert.Contains(guest, d => d.Kind() == "Service" && d.Name() == b.Text("name")
            && d.Text("metadata|namespace") == b.Text("namespace") && d.Each("spec|ports").Any(p => p.Text("port") == b.Text("port"))));
        Assert.Contains(guest, d => d.Kind() == "ReferenceGrant" && d.Text("spec|from|0|namespace") == routes[0].Text("metadata|namespace"));
        // It is let in: its certificate is made here, for its topics and groups; its namespace has a way.
        var prefix = settings["Kafka__TopicPrefix"];
        var user = host.Single(d => d.Kind() == "KafkaUser" && d.Name() == "cardshop-takeover");
        Assert.All(["topic", "group"], type => Assert.Contains(user.Each("spec|authorization|acls"), a => a.Text("resource|type") == type
            && a.Text("resource|name") == prefix && a.Text("resource|patternType") == "prefix"));
        Assert.All(
            guest.Where(d => d.Kind() == "ExternalSecret" && d.Text("spec|secretStoreRef|kind") == "SecretStore"),
            s => Assert.Contains(s.Text("spec|dataFrom|0|extract|key"), guest.Single(d => d.Kind() == "Role").Each("rules|0|resourceNames").Select(n => n.ToString())));
        Assert.Contains(host, d => d.Kind() == "NetworkPolicy" && d.Each("spec|ingress").SelectMany(i => i.Each("from"))
            .Any(f => f.Text("namespaceSelector|matchLabels|kubernetes.io/metadata.name") == guest.Single(g => g.Kind() == "Namespace").Name()));
        Assert.Contains(
            guest.Single(g => g.Kind() == "Namespace").Name(),
            built["cluster"].Single(d => d.Kind() == "ClusterSecretStore").Each("spec|conditions|0|namespaces").Select(n => n.ToString()));
    }

    /// <summary>The regions as they are while all live.</summary>
    private static async Task<IEnumerable<KeyValuePair<string, IReadOnlyList<JsonObject>>>> RegionsAsync() =>
        (await Kustomize.ShopsAsync()).Where(b => b.Key is "overlays/three-regions/east" or "overlays/three-regions/south" or "overlays/three-regions/north");

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
