using System.Text.Json.Nodes;
using Xunit;

namespace CardShop.Tests.Unit.Deployment;

/// <summary>The checks can fail: each kind of breakage, put into the real manifests, is found and named.</summary>
public sealed class When_a_manifest_is_broken
{
    /// <summary>What is broken, in which object, where in it, by which value (null: taken out), and what is said of it.</summary>
    public static TheoryData<string, string, string, string?, string> Breakages => new()
    {
        { "Deployment", "cardshop-api", "spec|template|spec|containers|0|image", "\"cardshop/api:latest\"", "names no version" },
        { "Deployment", "cardshop-api", "spec|template|spec|containers|0|image", "\"cardshop/nothing:1.0.0\"", "is no target of compose/Dockerfile" },
        { "Deployment", "cardshop-api", "spec|template|spec|containers|0|readinessProbe|httpGet|path", "\"/health\"", "which is not served" },
        { "Deployment", "cardshop-api", "spec|template|spec|containers|0|livenessProbe|httpGet|path", "\"/healthz/ready\"", "only not ready" },
        { "Deployment", "cardshop-api", "spec|template|spec|containers|0|ports|0|containerPort", "8081", "port 8081 is listened on by no program" },
        { "Deployment", "cardshop-api", "spec|template|spec|containers|0|securityContext|readOnlyRootFilesystem", "false", "writes its file system" },
        { "Deployment", "cardshop-fleet-payments", "spec|template|spec|automountServiceAccountToken", "true", "gets a token" },
        { "Deployment", "cardshop-fleet-payments", "spec|template|spec|containers|0|args|1", "\"payment\"", "--fleet payment is not known" },
        { "Deployment", "cardshop-fleet-payments", "spec|template|spec|volumes|1|secret|secretName", "\"cardshop-fleet\"", "is made by nobody" },
        { "Deployment", "cardshop-fleet-orders", "spec|template|spec|serviceAccountName", "\"somebody\"", "service account somebody is made by nobody" },
        { "Deployment", "cardshop-fleet-orders", "spec|template|spec|containers|0|resources|limits", null, "a limit of memory" },
        { "Deployment", "cardshop-fleet-orders", "spec|template|spec|topologySpreadConstraints", null, "are not spread" },
        { "ConfigMap", "cardshop-settings", "data|Kafka__BootstrapServer", "\"kafka:9092\"", "setting Kafka__BootstrapServer is read by no program" },
        { "ConfigMap", "cardshop-settings", "data|Channels__alipay__Profiles__0__AppID2", "\"1\"", "is read by no program" },
        { "ConfigMap", "cardshop-settings", "data|Kafka__BootstrapServers", "\"kafka:9092\"", "names kafka, which is no service" },
        { "ConfigMap", "cardshop-settings", "data|Batch__MaxMessages", "\"0\"", "Batch__MaxMessages must be 1 to 10000" },
        { "Service", "cardshop-api", "spec|selector|app.kubernetes.io/name", "\"cardshop-web\"", "no pod has" },
        { "PodDisruptionBudget", "cardshop-api", "spec|selector|matchLabels|app.kubernetes.io/name", "\"cardshop-web\"", "no pod has" },
        { "HTTPRoute", "cardshop", "spec|rules|2|backendRefs|0|port", "8080", "there is no service cardshop-api with port 8080" },
        { "HTTPRoute", "cardshop", "spec|parentRefs|0|sectionName", "\"tls\"", "there is no gateway cardshop with tls" },
        { "HorizontalPodAutoscaler", "cardshop-api", "spec|minReplicas", "1", "three are the least" },
        { "HorizontalPodAutoscaler", "cardshop-api", "spec|metrics|0|resource|target|averageUtilization", "80", "not scaled by CPU 70 %" },
        { "HorizontalPodAutoscaler", "cardshop-api", "spec|scaleTargetRef|name", "\"cardshop-fleet-orders\"", "two fight" },
        { "ScaledObject", "cardshop-fleet-delivery", "spec|triggers|1|metadata|queueName", "\"cardshop.deliveries\"", "there is no queue" },
        { "ScaledObject", "cardshop-fleet-payments", "spec|triggers|2|metadata|value", "\"1000\"", "a tenth of Payments__MaxQueued" },
        { "ScaledObject", "cardshop-fleet-delivery", "spec|triggers|2|metadata|consumerGroup", "\"orders\"", "does not read" },
        { "ScaledObject", "cardshop-fleet-delivery", "spec|maxReplicaCount", "200", "at their largest" },
        { "KafkaTopic", "shop.orders.v1", "spec|partitions", "24", "24 partitions, 12 are agreed" },
        { "KafkaTopic", "shop.orders.v1", "spec|config|retention.ms", "604800000", "records would go by themselves" },
        { "KafkaTopic", "shop.catalog.v1", "spec|config|cleanup.policy", "\"delete\"", "records would go by themselves" },
        { "KafkaTopic", "shop.orders.v1", "spec|config|min.insync.replicas", "1", "1 acknowledged" },
        { "KafkaTopic", "shop.orders.v1", "metadata|name", "\"shop.orders.v3\"", "is agreed nowhere" },
        { "KafkaUser", "cardshop-fleets", "spec|authorization|acls|5|resource|name", "\"x\"", "cardshop-fleets: it may not ask for groups" },
        { "KafkaNodePool", "brokers", "spec|replicas", "2", "fewer than copies" },
        { "Kafka", "cardshop", "spec|kafka|config|unclean.leader.election.enable", "true", "a stale copy may lead" },
        { "Cluster", "cardshop-postgres", "spec|postgresql|synchronous|dataDurability", "\"preferred\"", "preferred" },
        { "Cluster", "cardshop-postgres", "spec|backup|retentionPolicy", "\"7d\"", "30 days" },
        { "ScheduledBackup", "cardshop-postgres-daily", "spec|method", "\"plugin\"", "the cluster has no plugin" },
        { "RabbitmqCluster", "cardshop-rabbitmq", "spec|replicas", "2", "no majority" },
        { "NetworkPolicy", "default-deny", "spec|podSelector", "{\"matchLabels\":{\"a\":\"b\"}}", "is not denied" },
        { "CronJob", "cardshop-preflight", "spec|jobTemplate|spec|template|spec|containers|0|args", "[\"preflight\",\"--all\"]", "shopctl preflight --all" },
        { "Gateway", "cardshop-ops", "spec|listeners|0|tls|certificateRefs|0|name", "\"cardshop-tls\"", "is not of ops.shop.example" },
        { "Certificate", "cardshop-tls", "spec|dnsNames|0", "\"www.shop.example\"", "is not of shop.example" },
        { "ServiceMonitor", "cardshop-door", "spec|endpoints|0|params|target|0", "\"https://shop.test/\"", "nobody answers for shop.test" },
        { "AlertmanagerConfig", "cardshop", "spec|receivers|0|webhookConfigs|0|urlSecret|name", "\"pager\"", "secret pager is made by nobody" },
        { "Cluster", "cardshop-postgres", "spec|externalClusters", "[{\"name\":\"before\",\"barmanObjectStore\":{\"destinationPath\":\"s3://cardshop-backup/postgres\"}}]", "archives where it is restored from" },
        { "Service", "cardshop-api", "metadata|name", "\"cardshop-shop\"", "there is no service cardshop-api" },
        { "Service", "cardshop-api", "metadata|namespace", null, "names no namespace" },
        { "Service", "cardshop-api", "kind", null, "has no apiVersion, kind or name" },
    };

    private static readonly (string Kind, string Name, string Path, string Value)[] SchemaBreakages =
    [
        ("Deployment", "cardshop-api", "spec|replica", "3"),
        ("Deployment", "cardshop-api", "spec|minReadySeconds", "\"ten\""),
        ("ScaledObject", "cardshop-fleet-payments", "spec|minReplicas", "3"),
        ("Cluster", "cardshop-postgres", "spec|postgresql|synchronous|dataDurability", "\"always\""),
        ("KafkaUser", "cardshop-api", "spec|authorization|acls|0|operations|0", "\"Look\""),
        ("HTTPRoute", "cardshop", "spec|rules|0|matches|0|path|type", "\"Prefix\""),
    ];

    /// <summary>The same in a region of three.</summary>
    public static TheoryData<string, string, string, string?, string> RegionBreakages => new()
    {
        { "ConfigMap", "cardshop-settings", "data|Regions__n__Alias", "\"nord\"", "region n is not mirrored as nord" },
        { "ConfigMap", "cardshop-settings", "data|Regions__n__BootstrapServers", "\"kafka.nord.shop.example:9094\"", "and mirrored from kafka.north" },
        { "ConfigMap", "cardshop-settings", "data|Regions__n__BootstrapServer", "\"kafka:9094\"", "setting Regions__n__BootstrapServer is read by no program" },
        { "ConfigMap", "cardshop-settings", "data|Regions__n__Tls__CertFile", "\"/x\"", "setting Regions__n__Tls__CertFile is read by no program" },
        { "ConfigMap", "cardshop-settings", "data|Regions__n__Tls__KeyFile", null, "region n is called without KeyFile" },
        { "ConfigMap", "cardshop-settings", "data|Regions__n__Tls__CaFile", "\"/run/region/north-ca.crt\"", "is in no volume" },
        { "ConfigMap", "cardshop-settings", "data|Region", "\"n\"", "from region n to itself" },
        { "Deployment", "cardshop-fleet-delivery", "spec|template|spec|containers|0|volumeMounts", "[]", "cardshop-fleet-delivery: /run/region-links/" },
        { "CronJob", "cardshop-shopctl", "spec|jobTemplate|spec|template|spec|containers|0|volumeMounts", "[]", "CronJob cardshop-shopctl: /run/region-links/" },
        { "ExternalSecret", "cardshop-region-links", "spec|target|name", "\"cardshop-links\"", "secret cardshop-region-links is made by nobody" },
        { "KafkaMirrorMaker2", "cardshop-regions", "spec|mirrors|0|topicsPattern", "\"shop.orders.v1\"", "a takeover needs other topics" },
        { "KafkaMirrorMaker2", "cardshop-regions", "spec|mirrors|1|sourceConnector|config|offset-syncs.topic.location", null, "it writes to" },
        { "KafkaMirrorMaker2", "cardshop-regions", "spec|mirrors|1|source|alias", "\"nowhere\"", "nowhere is mirrored, and preflight is not told so" },
        { "KafkaMirrorMaker2", "cardshop-regions", "spec|mirrors|0|sourceConnector|config|sync.topic.configs.enabled", "true", "would stay as long as there" },
        { "KafkaTopic", "north.shop.orders.v1", "spec|partitions", "6", "north.shop.orders.v1: 12 partitions are agreed" },
        { "KafkaTopic", "north.shop.orders.v1", "spec|config|retention.ms", "604800000", "kept for 3456000000" },
        { "KafkaTopic", "north.shop.audit.v1", "spec|config|retention.ms", "3456000000", "kept for -1" },
        { "KafkaMirrorMaker2", "cardshop-regions", "spec|metricsConfig", null, "nobody sees how far it is behind" },
        { "KafkaMirrorMaker2", "cardshop-regions", "metadata|name", "\"mirror\"", "and none is mirrored" },
        { "KafkaUser", "cardshop-region-stock", "spec|authorization|acls|0|resource|name", "\"shop.orders.v1\"", "cardshop-region-stock: may Write shop.orders.v1" },
        { "KafkaUser", "cardshop-region-mirror", "spec|authorization|acls|0|operations", "[\"Read\",\"Write\"]", "cardshop-region-mirror: may Write shop.orders.v1" },
        { "Kafka", "cardshop", "spec|kafka|listeners|1|configuration|loadBalancerSourceRanges", null, "it stands open" },
        { "NetworkPolicy", "region-links", "spec|egress", "[]", "cardshop-fleet may not call other regions" },
    };

    [Theory]
    [MemberData(nameof(Breakages))]
    public Task It_is_found_and_named(string kind, string name, string path, string? value, string said) =>
        FoundAsync("base", kind, name, path, value, said);

    [Theory]
    [MemberData(nameof(RegionBreakages))]
    public Task What_is_broken_between_regions_is_found_and_named(string kind, string name, string path, string? value, string said) =>
        FoundAsync("overlays/three-regions/east", kind, name, path, value, said);

    /// <summary>The same where a region was taken over: its installation, and its host.</summary>
    public static TheoryData<string, string, string, string, string?, string> TakeoverBreakages => new()
    {
        { "east", "NetworkPolicy", "fleets", "spec|egress|0|to|0|namespaceSelector", null, "is in another namespace" },
        { "east", "Cluster", "cardshop-postgres", "spec|backup|barmanObjectStore|serverName", "\"cardshop-postgres\"", "would write to that archive" },
        { "east", "Cluster", "cardshop-postgres", "spec|bootstrap", "{\"initdb\":{}}", "does not begin with the lost region's backup" },
        { "east", "ConfigMap", "cardshop-settings", "data|Kafka__TopicPrefix", "\"south.\"", "does not read" },
        { "east", "ConfigMap", "cardshop-settings", "data|Kafka__TopicPrefix", "\"East\"", "Kafka__TopicPrefix must be" },
        { "east", "ConfigMap", "cardshop-settings", "data|Regions__n__Tls__KeyFile", "\"/run/links/north-user.key\"", "is in no volume" },
        { "east", "ExternalSecret", "cardshop-fleets", "spec|target|name", "\"fleets\"", "secret cardshop-fleets is made by nobody" },
        { "south", "KafkaTopic", "east.shop.orders.v1", "spec|config|retention.ms", "3456000000", "east.shop.orders.v1: 12 partitions are agreed, kept for -1" },
        { "south", "KafkaMirrorMaker2", "cardshop-regions", "spec|mirrors|0|sourceConnector|state", null, "east is mirrored, and preflight is not told so" },
        { "south", "KafkaUser", "cardshop-takeover", "spec|authorization|acls|2", "{}", "cardshop-takeover: may Write" },
    };

    [Theory]
    [MemberData(nameof(TakeoverBreakages))]
    public Task What_is_broken_in_a_takeover_is_found_and_named(string overlay, string kind, string name, string path, string? value, string said) =>
        FoundAsync("overlays/three-regions/takeover/" + overlay, kind, name, path, value, said);

    private static async Task FoundAsync(string overlay, string kind, string name, string path, string? value, string said)
    {
        if ((await Kustomize.AllAsync()).GetValueOrDefault(overlay) is not { } sound)
        {
            return;
        }

        var documents = sound.Select(d => (JsonObject)d.DeepClone()).ToList();
        var broken = documents.Single(d => d.Kind() == kind && (d.Name() == name || d.Name().StartsWith(name + "-", StringComparison.Ordinal) && kind == "ConfigMap"));
        Break(broken, path, value);

        // That the sound ones have no fault, When_manifests_are_built says.
        Assert.Contains(ManifestRules.FaultsOf(documents), f => f.Contains(said, StringComparison.Ordinal));
    }

    /// <summary>What only a schema sees: a mistyped name, a wrong type, a value outside its list. In one run of the validator.</summary>
    [Fact]
    public async Task What_a_schema_sees_is_found_where_the_schemas_are()
    {
        if ((await Kustomize.AllAsync()).GetValueOrDefault("base") is not { } sound)
        {
            return;
        }

        var broken = new List<(string Where, JsonNode Document)>();
        foreach (var (kind, name, path, value) in SchemaBreakages)
        {
            var document = (JsonObject)sound.Single(d => d.Kind() == kind && d.Name() == name).DeepClone();
            Break(document, path, value);
            broken.Add((path, document));
        }

        var said = await SchemaCheck.OfManifestsAsync(broken.Append(("probe", new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Nothing" })));
        Assert.All(broken, b => Assert.Contains($"{b.Where} {b.Document.Kind()} {b.Document.Name()}: ", said, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("resources: [../mars]", "mars")]
    [InlineData("resources: [../private]\ncomponents: [../../components/wings]", "wings")]
    [InlineData("resources: [../private]\npatches:\n  - target: { kind: Cluster }\n    patch: '[{ op: replace, path: /spec/nothing, value: 1 }]'", "nothing")]
    public async Task A_combination_that_does_not_build_is_found(string body, string said)
    {
        using var tree = new Kustomize.CopiedTree();
        if (await tree.BuildAsync("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n" + body) is not { } built)
        {
            return;
        }

        Assert.NotEqual(0, built.Code);
        Assert.Contains(said, built.Errors, StringComparison.Ordinal);
    }

    private static void Break(JsonObject document, string path, string? value)
    {
        var names = path.Split('|');
        var parent = names.Length == 1 ? document : document.At(string.Join('|', names[..^1]));
        var replacement = value is null ? null : JsonNode.Parse(value);
        switch (parent)
        {
            case JsonObject map when value is null:
                Assert.True(map.Remove(names[^1]));
                break;
            case JsonObject map:
                map[names[^1]] = replacement;
                break;
            default:
                ((JsonArray)parent!)[int.Parse(names[^1], System.Globalization.CultureInfo.InvariantCulture)] = replacement;
                break;
        }
    }
}
