using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using CardShop.Api;
using CardShop.Tests.Unit.Partners;
using CardShop.Tests.Unit.Telemetry;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace CardShop.Tests.Unit.Deployment;

/// <summary>Every overlay builds, is valid, and speaks of things that exist.</summary>
public sealed partial class When_manifests_are_built
{
    public static TheoryData<string> Overlays =>
        ["private", "hybrid", "public", "single-zone", "two-datacentres", "three-regions/east", "three-regions/south", "three-regions/north", "canary"];

    /// <summary>Parts of others: no place of their own.</summary>
    private static readonly string[] Parts =
    [
        "overlays/three-regions/region", "overlays/two-datacentres-one-left",
        .. new[] { "copies/one", "copies/east", "copies/south", "copies/north", "takeover/access", "takeover/shop", "takeover/east", "takeover/south" }
            .Select(p => "overlays/three-regions/" + p),
    ];

    [Theory]
    [MemberData(nameof(Overlays))]
    public void The_overlay_is_there_and_says_what_it_is_for(string overlay)
    {
        Assert.Contains(Path.Combine("overlays", overlay), Kustomize.Folders);
        var text = File.ReadAllText(Repository.Folder("k8s", "overlays", overlay.Split('/')[0], "README.md"));
        Assert.All(["Assumes", "Failover", "Failback"], part => Assert.Contains("## " + part, text, StringComparison.Ordinal));
    }

    [Fact]
    public void No_overlay_is_unknown_here() => Assert.Equal(
        Overlays.Select(o => "overlays/" + o.Data).Concat(Parts).Order(StringComparer.Ordinal),
        Kustomize.Folders.Where(f => f.StartsWith("overlays", StringComparison.Ordinal)).Order(StringComparer.Ordinal));

    /// <summary>What nothing is made of, nothing here checks: every component is in an overlay, or in a combination that a page shows.</summary>
    [Fact]
    public void Every_component_is_built_somewhere()
    {
        var used = string.Join('\n', Kustomize.Folders.Select(f => File.ReadAllText(Repository.Folder("k8s", f, "kustomization.yaml")))
            .Concat(Kustomize.Shown().Select(s => s.Text)));
        Assert.Empty(Directory.GetDirectories(Repository.Folder("k8s", "components")).Select(c => Path.GetFileName(c)!)
            .Except(UsedComponent().Matches(used).Select(m => m.Groups[1].Value)));
        Assert.True(Kustomize.Shown().Count >= 5);
    }

    [Fact]
    public void A_combination_is_found_in_a_page() => Assert.Equal(
        ["apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n\npatches:\n  - a\n"],
        Kustomize.ShownIn("1. So:\n\n       apiVersion: kustomize.config.k8s.io/v1beta1\n       kind: Kustomization\n\n       patches:\n         - a\n\n   And so on.\n"));

    /// <summary>kustomize passes over an image of a name that nothing has: what a page sets, the pods have.</summary>
    [Fact]
    public async Task The_tags_that_a_page_sets_are_those_of_the_pods()
    {
        var built = await Kustomize.AllAsync();
        var seen = 0;
        foreach (var (number, (page, text)) in Kustomize.Shown().Index().Where(_ => !built.ContainsKey("files")))
        {
            var images = built[$"{page}#{number}"].Select(ManifestRules.PodOf).OfType<JsonObject>()
                .SelectMany(p => p.Each("spec|containers")).Select(c => c.Text("image")!).ToHashSet();
            foreach (Match image in NewTag().Matches(text))
            {
                Assert.Contains($"{image.Groups[1].Value}:{image.Groups[2].Value}", images);
                seen++;
            }
        }

        Assert.True(built.ContainsKey("files") || seen >= 3);
    }

    /// <summary>The component for 1,000 orders a second is that row of the table of sizes.</summary>
    [Fact]
    public async Task The_size_is_the_one_in_the_table()
    {
        var pages = Kustomize.Shown().Index().Where(s => s.Item.Text.Contains("size-1000", StringComparison.Ordinal)).ToList();
        if ((await Kustomize.AllAsync()).GetValueOrDefault($"{pages[0].Item.Page}#{pages[0].Index}") is not { } shop)
        {
            return;
        }

        JsonObject One(string kind, string name) => shop.Single(d => d.Kind() == kind && d.Name() == name);
        var (kafka, rabbit, postgres) =
            (One("KafkaNodePool", "brokers"), One("RabbitmqCluster", "cardshop-rabbitmq"), One("Cluster", "cardshop-postgres"));
        var lines = await File.ReadAllLinesAsync(Repository.Folder("k8s", "README.md"), TestContext.Current.CancellationToken);
        var row = lines.Single(l => l.StartsWith("| 1,000 ", StringComparison.Ordinal));
        Assert.Contains($"| {kafka.Text("spec|replicas")} × ({kafka.Text("spec|resources|requests|cpu")}, 2.7 TB) |", row, StringComparison.Ordinal);
        Assert.Equal("2700Gi", kafka.Text("spec|storage|volumes|0|size"));
        Assert.Contains($"| {rabbit.Text("spec|replicas")} × {rabbit.Text("spec|resources|requests|cpu")} |", row, StringComparison.Ordinal);
        Assert.Contains(
            $"| {postgres.Text("spec|instances")} × ({postgres.Text("spec|resources|requests|cpu")}, 32 GB, 2 TB) | 3 × 200 GB |", row, StringComparison.Ordinal);
        Assert.Equal(
            ("32Gi", "2000Gi", "200Gi"),
            (postgres.Text("spec|resources|requests|memory"), postgres.Text("spec|storage|size"), postgres.Text("spec|walStorage|size")));
    }

    /// <summary>The alerts of the cluster name every fleet and every nightly job there is.</summary>
    [Fact]
    public async Task Every_fleet_and_every_nightly_job_is_watched()
    {
        var rules = await File.ReadAllTextAsync(
            Repository.Folder("k8s", "monitoring", "cluster", "cluster.yaml"), TestContext.Current.CancellationToken);
        if ((await Kustomize.AllAsync()).GetValueOrDefault("base") is not { } sound)
        {
            return;
        }

        Assert.All(
            sound.Where(d => d.Kind() == "Deployment").Select(d => d.Text("spec|template|metadata|labels|part")!).Where(p => p != "api"),
            part => Assert.Contains($"absent(up{{job=\"cardshop-fleet\", part=\"{part}\"}})", rules, StringComparison.Ordinal));
        Assert.Equal(
            NightlyJobs().Match(rules).Groups[1].Value.Split('|').Order(),
            sound.Where(d => d.Kind() == "CronJob" && d.Text("spec|suspend") == "false").Select(d => d.Name()["cardshop-".Length..]).Order());
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
            .SelectMany(d => d.Each("spec|groups")).Select(g => RunbookFolder().Replace(g.ToJsonString(), "$1"));
        var kept = new[] { "rules", "cluster" }.SelectMany(folder => Directory.GetFiles(Repository.Folder("k8s", "monitoring", folder), "*.yaml")
            .Order(StringComparer.Ordinal)).SelectMany(f => Yaml.Document(f).Each("groups"))
            .Select(g => RunbookFolder().Replace(g.ToJsonString(), "$1"));
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

    /// <summary>Where the pages are differs: a folder of the tree, or an address that a telephone opens.</summary>
    [GeneratedRegex("(\"runbook_url\":\")(?:https://[^\"]+|k8s/runbooks)/(?=[A-Za-z]+\\.md\")")]
    private static partial Regex RunbookFolder();

    [GeneratedRegex("- \\{ name: ([^ ,]+), newTag: \"([^\"]+)\" \\}")]
    private static partial Regex NewTag();

    [GeneratedRegex(@"components/([a-z0-9-]+)")]
    private static partial Regex UsedComponent();

    [GeneratedRegex(@"job_name=~""cardshop-\(([a-z|-]+)\)-")]
    private static partial Regex NightlyJobs();
}
