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
            var settings = documents.FirstOrDefault(d => d.Kind() == "ConfigMap" && d.At("data|Region") is not null).Map("data");
            var regions = settings.Keys.Select(k => Setting().Match(k)).Where(m => m.Success).Select(m => m.Groups[1].Value).Distinct().ToList();
            var mirror = documents.FirstOrDefault(d => d.Kind() == "KafkaMirrorMaker2" && d.Name() == Mirror);
            return regions.Count == 0 && mirror is null ? [] : OfSettings(regions, settings, mirror, documents)
                .Concat(mirror is null ? [$"KafkaMirrorMaker2 {Mirror}: regions are named, and none is mirrored"] : OfMirror(mirror, documents))
                .Concat(OfUsers(documents)).Concat(OfDoor(documents));
        }

        private static IEnumerable<string> OfSettings(
            List<string> regions, IReadOnlyDictionary<string, string> settings, JsonObject? mirror, IReadOnlyList<JsonObject> documents)
        {
            var sources = mirror.Each("spec|mirrors").ToDictionary(m => m.Text("source|alias")!, m => m.Text("source|bootstrapServers"));
            foreach (var region in regions)
            {
                string? Of(string name) => settings.GetValueOrDefault($"{RegionLinks.Section}__{region}__{name}");
                if (region == settings.GetValueOrDefault("Region"))
                {
                    yield return $"settings name a way from region {region} to itself";
                }

                if (Of(RegionLinks.Alias) is not { } alias || !sources.TryGetValue(alias, out var servers))
                {
                    yield return $"region {region} is not mirrored as {Of(RegionLinks.Alias)}";
                }
                else if (Of(RegionLinks.Servers) != servers)
                {
                    yield return $"region {region} is called at {Of(RegionLinks.Servers)}, and mirrored from {servers}";
                }

                foreach (var file in new[] { nameof(KafkaTls.CaFile), nameof(KafkaTls.CertificateFile), nameof(KafkaTls.KeyFile) }
                    .Select(f => (Name: f, Path: Of($"{RegionLinks.Tls}__{f}"))))
                {
                    foreach (var fault in file.Path is null
                        ? [$"region {region} is called without {file.Name}"]
                        : Users(documents).Where(u => u.Pod.At("spec|containers|0").Each("volumeMounts")
                            .All(m => m.Text("mountPath") is not { } path || !file.Path.StartsWith(path + "/", StringComparison.Ordinal)))
                            .Select(u => $"{u.Name}: {file.Path} is in no volume"))
                    {
                        yield return fault;
                    }
                }
            }

            // What the overlays of regions have in common names none yet.
            foreach (var alias in sources.Where(s => s.Value?.StartsWith("named-by", StringComparison.Ordinal) == false).Select(s => s.Key).Except(regions.Select(r => settings.GetValueOrDefault($"{RegionLinks.Section}__{r}__{RegionLinks.Alias}"))))
            {
                yield return $"{alias} is mirrored, and preflight is not told so";
            }
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
                var wrong = Topics.All.Where(t => copied.IsMatch(t.Name) != Topics.Mirrored.Contains(t)).Select(t => t.Name).ToList();
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
        private static IEnumerable<string> OfUsers(IReadOnlyList<JsonObject> documents)
        {
            string[] copied = [.. Topics.Mirrored.Select(t => t.Name)];
            foreach (var (user, operation, topics) in new[]
            {
                ("cardshop-region-mirror", "Read", copied), ("cardshop-region-mirror", "Write", []),
                ("cardshop-region-stock", "Write", [Topics.KeyBatches.Name]), ("cardshop-region-stock", "Read", []),
                (Mirror, "Read", ["east.", "south.", "north.", "cardshop-regions", "mm2-"]),
                ("cardshop-takeover", "Write", ["east.", "south.", "north."]),
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
