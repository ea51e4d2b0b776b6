using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using CardShop.Contracts;
using CardShop.Pipeline.Log;

namespace CardShop.Tests.Unit.Deployment;

internal static partial class ManifestRules
{
    /// <summary>What regions have of each other: mirrors, ways for stock, and no right beyond.</summary>
    private static partial class Regions
    {
        private const string Mirror = "cardshop-regions";
        private const string Port = "9094";

        public static IEnumerable<string> FaultsOf(IReadOnlyList<JsonObject> documents)
        {
            var settings = Settings(documents);
            var regions = settings.Keys.Select(k => Setting().Match(k)).Where(m => m.Success).Select(m => m.Groups[1].Value).Distinct().ToList();
            if (settings.GetValueOrDefault("Kafka__TopicPrefix") is { } prefix)
            {
                return OfGuest(prefix, regions, settings, documents);
            }

            var mirror = documents.FirstOrDefault(d => d.Kind() == "KafkaMirrorMaker2" && d.Name() == Mirror);
            return regions.Count == 0 && mirror is null ? [] : OfSettings(regions, settings, mirror, documents)
                .Concat(mirror is null ? [$"KafkaMirrorMaker2 {Mirror}: regions are named, and none is mirrored"] : OfMirror(mirror, documents))
                .Concat(OfCopies(mirror, documents)).Concat(OfUsers(settings, documents)).Concat(OfDoor(documents));
        }

        /// <summary>A lost region's installation in another's cluster.</summary>
        private static IEnumerable<string> OfGuest(
            string prefix, List<string> regions, IReadOnlyDictionary<string, string> settings, IReadOnlyList<JsonObject> documents)
        {
            string[] hosts = ["Kafka", "KafkaTopic", "KafkaUser", "KafkaMirrorMaker2", "Gateway"];
            foreach (var document in documents.Where(d => hosts.Contains(d.Kind())))
            {
                yield return $"{document.Kind()} {document.Name()}: its host has one already";
            }

            foreach (var policy in documents.Where(d => d.Kind() == "NetworkPolicy" && d.Each("spec|egress").SelectMany(e => e.Each("to"))
                .Any(t => t.Text("podSelector|matchLabels|strimzi.io/cluster") is not null && t.At("namespaceSelector") is null)))
            {
                yield return $"NetworkPolicy {policy.Name()}: its host's Kafka is in another namespace";
            }

            foreach (var cluster in documents.Where(d => d.Kind() == "Cluster"))
            {
                var (own, lost) = ("spec|backup|barmanObjectStore|", "spec|externalClusters|0|barmanObjectStore|");
                if (cluster.Text("spec|bootstrap|recovery|source") != cluster.Text("spec|externalClusters|0|name") || cluster.At("spec|bootstrap|initdb") is not null
                    || cluster.Text(own + "serverName") is null or "cardshop-postgres"
                    || (cluster.Text(own + "destinationPath") == cluster.Text(lost + "destinationPath") && !prefix.StartsWith("named-by", StringComparison.Ordinal)))
                {
                    yield return "PostgreSQL: it does not begin with the lost region's backup, or would write to that archive";
                }
            }

            foreach (var fault in regions.SelectMany(r => Files(r, settings, documents)))
            {
                yield return fault;
            }
        }

        private static IEnumerable<string> OfSettings(
            List<string> regions, IReadOnlyDictionary<string, string> settings, JsonObject? mirror, IReadOnlyList<JsonObject> documents)
        {
            var sources = mirror.Each("spec|mirrors").ToDictionary(m => m.Text("source|alias")!, m => m.Text("source|bootstrapServers"));
            var stopped = mirror.Each("spec|mirrors").Where(m => m.Text("sourceConnector|state") == "stopped").Select(m => m.Text("source|alias")).ToHashSet();
            foreach (var region in regions)
            {
                string? Of(string name) => settings.GetValueOrDefault($"{RegionLinks.Section}__{region}__{name}");
                if (region == settings.GetValueOrDefault("Region"))
                {
                    yield return $"settings name a way from region {region} to itself";
                }

                var (alias, servers) = (Of(RegionLinks.Alias), Of(RegionLinks.Servers));
                if (string.IsNullOrEmpty(alias) && Of(RegionLinks.Prefix) is not null)
                {
                    // It lives on in another's Kafka, and is mirrored no more.
                }
                else if (alias is null || !sources.TryGetValue(alias, out var source))
                {
                    yield return $"region {region} is not mirrored as {alias}";
                }
                else if (servers != source)
                {
                    yield return $"region {region} is called at {servers}, and mirrored from {source}";
                }

                foreach (var fault in Files(region, settings, documents))
                {
                    yield return fault;
                }
            }

            // What the overlays of regions have in common names none yet.
            foreach (var alias in sources.Where(s => !stopped.Contains(s.Key) && s.Value?.StartsWith("named-by", StringComparison.Ordinal) == false).Select(s => s.Key).Except(regions.Select(r => settings.GetValueOrDefault($"{RegionLinks.Section}__{r}__{RegionLinks.Alias}"))))
            {
                yield return $"{alias} is mirrored, and preflight is not told so";
            }
        }

        /// <summary>Certificates for the way to a region are named, and where they are named.</summary>
        private static IEnumerable<string> Files(
            string region, IReadOnlyDictionary<string, string> settings, IReadOnlyList<JsonObject> documents) =>
            new[] { nameof(KafkaTls.CaFile), nameof(KafkaTls.CertificateFile), nameof(KafkaTls.KeyFile) }
                .Select(f => (Name: f, Path: settings.GetValueOrDefault($"{RegionLinks.Section}__{region}__{RegionLinks.Tls}__{f}")))
                .SelectMany(f => f.Path is null
                    ? [$"region {region} is called without {f.Name}"]
                    : Users(documents).Where(u => u.Pod.At("spec|containers|0").Each("volumeMounts")
                        .All(m => m.Text("mountPath") is not { } path || !f.Path.StartsWith(path + "/", StringComparison.Ordinal)))
                        .Select(u => $"{u.Name}: {f.Path} is in no volume"));

        /// <summary>The copies of each region that is mirrored: as many partitions as its topics, and how long they stay.</summary>
        private static IEnumerable<string> OfCopies(JsonObject? mirror, IReadOnlyList<JsonObject> documents)
        {
            foreach (var source in mirror.Each("spec|mirrors").Where(m => m.Text("source|bootstrapServers")?.StartsWith("named-by", StringComparison.Ordinal) == false))
            {
                var (alias, isStopped) = (source.Text("source|alias"), source.Text("sourceConnector|state") == "stopped");
                foreach (var topic in Topics.Mirrored)
                {
                    // Of a region that was taken over they are its own log.
                    var stays = topic.Compacted ? null : topic.KeptFor is { } kept && !isStopped ? $"{kept.TotalMilliseconds:F0}" : "-1";
                    if (!IsCopy(documents.FirstOrDefault(d => d.Kind() == "KafkaTopic" && d.Name() == $"{alias}.{topic.Name}"), topic, stays))
                    {
                        yield return $"KafkaTopic {alias}.{topic.Name}: {topic.Partitions} partitions are agreed, kept for {stays ?? "ever"}";
                    }
                }

                if (source.Text("sourceConnector|config|sync.topic.configs.enabled") != "false")
                {
                    yield return $"KafkaMirrorMaker2 {Mirror}: copies of {alias} would stay as long as there, where housekeeping trims";
                }
            }
        }

        private static bool IsCopy(JsonObject? found, Topic topic, string? stays)
        {
            var config = found.Map("spec|config");
            return (found.Text("spec|partitions"), found.Text("spec|replicas")) == ($"{topic.Partitions}", "3")
                && (config.GetValueOrDefault("retention.ms"), config.GetValueOrDefault("retention.bytes")) == (stays, stays is null ? null : "-1")
                && (config.GetValueOrDefault("cleanup.policy"), config.GetValueOrDefault("min.insync.replicas")) == (topic.Compacted ? "compact" : "delete", "2");
        }

        /// <summary>Who sends to other regions: every fleet and shopctl's jobs.</summary>
        private static IEnumerable<(string Name, JsonObject Pod)> Users(IReadOnlyList<JsonObject> documents) => documents
            .Select(d => (Name: $"{d.Kind()} {d.Name()}", Pod: PodOf(d))).Where(p => p.Pod?.Each("spec|containers")
                .Any(c => c.Text("name") is "fleet" or "shopctl") == true).Select(p => (p.Name, p.Pod!));

        private static IEnumerable<string> OfMirror(JsonObject mirror, IReadOnlyList<JsonObject> documents)
        {
            foreach (var source in mirror.Each("spec|mirrors"))
            {
                var copied = new Regex($"^({source.Text("topicsPattern")})$", RegexOptions.None, TimeSpan.FromSeconds(1));
                var wrong = Topics.All.Where(t => copied.IsMatch(t.Name) != Topics.Mirrored.Any(m => m.Name == t.Name)).Select(t => t.Name).ToList();
                if (wrong.Count > 0)
                {
                    yield return $"KafkaMirrorMaker2 {Mirror}: a takeover needs other topics of {source.Text("source|alias")}: {string.Join(", ", wrong)}";
                }

                if (source.Text("sourceConnector|config|offset-syncs.topic.location") != "target")
                {
                    yield return $"KafkaMirrorMaker2 {Mirror}: it writes to {source.Text("source|alias")}";
                }
            }

            if (mirror.At("spec|metricsConfig") is null
                || !documents.Any(d => d.Kind() == "PodMonitor" && d.Text("spec|selector|matchLabels|strimzi.io/kind") == "KafkaMirrorMaker2"))
            {
                yield return $"KafkaMirrorMaker2 {Mirror}: nobody sees how far it is behind";
            }
        }

        /// <summary>What other regions may do here is what they need, and no more.</summary>
        private static IEnumerable<string> OfUsers(IReadOnlyDictionary<string, string> settings, IReadOnlyList<JsonObject> documents)
        {
            // Regions that live on here: stock is brought to their topics.
            string[] stock =
            [
                Topics.KeyBatches.Name,
                .. settings.Where(s => s.Key.EndsWith("__" + RegionLinks.Prefix, StringComparison.Ordinal)).Select(s => s.Value + Topics.KeyBatches.Name),
            ];
            string[] copied = [.. Topics.Mirrored.Select(t => t.Name)];
            foreach (var (user, operation, topics) in new[]
            {
                ("cardshop-region-mirror", "Read", copied), ("cardshop-region-mirror", "Write", []),
                ("cardshop-region-stock", "Write", stock), ("cardshop-region-stock", "Read", []),
                (Mirror, "Read", ["east.", "south.", "north.", "cardshop-regions", "mm2-"]),
                ("cardshop-takeover", "Write", ["east.", "south.", "north.", Topics.KeyBatches.Name]),
            })
            {
                var granted = documents.Where(d => d.Kind() == "KafkaUser" && d.Name() == user).SelectMany(d => d.Each("spec|authorization|acls"))
                    .Where(a => a.Text("resource|type") == "topic" && a.Each("operations").Any(o => o.ToString() is var said && (said == operation || said == "All")))
                    .Select(a => a.Text("resource|name")!).ToHashSet();
                if (!granted.SetEquals(topics))
                {
                    yield return $"KafkaUser {user}: may {operation} {string.Join(", ", granted)}; needed is {string.Join(", ", topics)}";
                }
            }
        }

        private static IEnumerable<string> OfDoor(IReadOnlyList<JsonObject> documents)
        {
            var door = documents.Where(d => d.Kind() == "Kafka").SelectMany(d => d.Each("spec|kafka|listeners")).FirstOrDefault(l => l.Text("port") == Port);
            if (door is null || door.Text("tls") != "true" || door.Text("authentication|type") != "tls" || !door.Each("networkPolicyPeers").Any()
                || !door.Each("configuration|loadBalancerSourceRanges").Any())
            {
                yield return $"Kafka: other regions find no door at {Port}, or it stands open";
            }

            foreach (var name in new[] { "cardshop-fleet", "cardshop-shopctl" }.Where(n => !documents.Any(d => d.Kind() == "NetworkPolicy"
                && d.Each("spec|podSelector|matchExpressions").SelectMany(e => e.Each("values")).Any(v => v.ToString() == n)
                && d.Each("spec|egress").SelectMany(e => e.Each("ports")).Any(p => p.Text("port") == Port))))
            {
                yield return $"NetworkPolicy: {name} may not call other regions";
            }
        }

        [GeneratedRegex("^Regions__([a-z])__")]
        private static partial Regex Setting();
    }
}
