using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using CardShop.Contracts;
using CardShop.Fleet;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;
using Microsoft.Extensions.Configuration;

namespace CardShop.Tests.Unit.Deployment;

internal static partial class ManifestRules
{
    /// <summary>Kafka, RabbitMQ and PostgreSQL as the design demands them and 'shopctl preflight' checks them; what programs are started with.</summary>
    private static class Servers
    {
        public static IEnumerable<string> FaultsOf(IReadOnlyList<JsonObject> documents) =>
            OfKafka(documents).Concat(OfPostgres(documents)).Concat(OfRabbit(documents)).Concat(OfNetwork(documents))
                .Concat(OfArguments(documents));

        private static IEnumerable<string> OfKafka(IReadOnlyList<JsonObject> documents)
        {
            if (documents.FirstOrDefault(d => d.Kind() == "Kafka") is not { } kafka)
            {
                return [];
            }

            var topics = documents.Where(d => d.Kind() == "KafkaTopic").ToList();
            // Copies of other regions' topics: ManifestRules.Regions.
            return Topics.All.SelectMany(t => OfTopic(t, topics.Find(d => (d.Text("spec|topicName") ?? d.Name()) == t.Name)))
                .Concat(topics.Select(t => t.Name()).Where(n => !n.Contains(".shop.", StringComparison.Ordinal)).Except(Topics.All.Select(t => t.Name)).Select(t => $"KafkaTopic {t} is agreed nowhere"))
                .Concat(OfCluster(kafka, documents, topics)).Concat(OfReaders(documents));
        }

        private static IEnumerable<string> OfTopic(Topic topic, JsonObject? found)
        {
            var config = found.Map("spec|config");
            if (Number(found.Text("spec|partitions")) != topic.Partitions)
            {
                yield return $"KafkaTopic {topic.Name}: {found.Text("spec|partitions")} partitions, {topic.Partitions} are agreed";
            }

            if (config.GetValueOrDefault("cleanup.policy") != (topic.Compacted ? "compact" : "delete")
                || (!topic.Compacted && (config.GetValueOrDefault("retention.ms"), config.GetValueOrDefault("retention.bytes")) != ("-1", "-1")))
            {
                yield return $"KafkaTopic {topic.Name}: records would go by themselves, or stay for ever";
            }

            var (replicas, inSync) = (Number(found.Text("spec|replicas")), Number(config.GetValueOrDefault("min.insync.replicas")));
            var unclean = config.GetValueOrDefault("unclean.leader.election.enable");
            if (replicas < 3 || inSync < 2 || inSync >= replicas || unclean != "false")
            {
                yield return $"KafkaTopic {topic.Name}: {replicas} copies, {inSync} acknowledged, unclean election {unclean}";
            }
        }

        private static IEnumerable<string> OfCluster(JsonObject kafka, IReadOnlyList<JsonObject> documents, List<JsonObject> topics)
        {
            var config = kafka.Map("spec|kafka|config");
            if (config.GetValueOrDefault("auto.create.topics.enable") != "false" || kafka.At("spec|kafka|rack") is null
                || config.GetValueOrDefault("unclean.leader.election.enable") != "false" || kafka.At("spec|kafka|authorization") is null)
            {
                yield return "Kafka: topics come by themselves, a stale copy may lead, copies know no zones, or everybody may do all";
            }

            var brokers = documents.Where(d => d.Kind() == "KafkaNodePool" && d.Each("spec|roles").Any(r => r.ToString() == "broker"))
                .Sum(d => Number(d.Text("spec|replicas")));
            if (topics.Exists(t => Number(t.Text("spec|replicas")) > brokers))
            {
                yield return $"Kafka: there are {brokers} brokers, fewer than copies";
            }
        }

        /// <summary>The client asks for a group's coordinator wherever it reads, also outside any group: it must be let.</summary>
        private static IEnumerable<string> OfReaders(IReadOnlyList<JsonObject> documents) => documents
            .Where(d => d.Kind() == "KafkaUser" && d.Name() is "cardshop-api" or "cardshop-fleets" or "cardshop-shopctl" or "cardshop-takeover")
            .Where(d => !d.Each("spec|authorization|acls").Any(a => a.Text("resource|type") == "group" && a.Text("resource|name") == "*"
                && a.Each("operations").Any(o => o.ToString() == "Describe")))
            .Select(d => $"KafkaUser {d.Name()}: it may not ask for groups, so it reads nothing outside them");

        private static int Number(string? text) => int.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : 0;

        private static IEnumerable<string> OfPostgres(IReadOnlyList<JsonObject> documents)
        {
            foreach (var cluster in documents.Where(d => d.Kind() == "Cluster"))
            {
                var number = Number(cluster.Text("spec|postgresql|synchronous|number"));
                var instances = Number(cluster.Text("spec|instances"));
                if (instances < 3 || number < 1 || number >= instances - 1
                    || cluster.Text("spec|postgresql|synchronous|dataDurability") != "required")
                {
                    yield return $"PostgreSQL: {instances} instances, {number} synchronous, {cluster.Text("spec|postgresql|synchronous|dataDurability")}";
                }

                if (cluster.Text("spec|backup|retentionPolicy") != "30d" || cluster.At("spec|backup|barmanObjectStore|wal") is null)
                {
                    yield return "PostgreSQL: no WAL archive, or backups are not kept for 30 days";
                }

                foreach (var fault in OfArchive(cluster))
                {
                    yield return fault;
                }

                var schedules = documents.Where(d => d.Kind() == "ScheduledBackup" && d.Text("spec|cluster|name") == cluster.Name()).ToList();
                foreach (var one in schedules.Where(s => cluster.At("spec|backup|" + s.Text("spec|method")) is null))
                {
                    yield return $"ScheduledBackup {one.Name()}: the cluster has no {one.Text("spec|method")}";
                }

                if (!schedules.Exists(s => s.Text("spec|schedule")!.EndsWith("* * 0", StringComparison.Ordinal))
                    || !schedules.Exists(s => s.Text("spec|schedule")!.EndsWith("* * 1-6", StringComparison.Ordinal)))
                {
                    yield return "PostgreSQL: backups are not made every week and every day";
                }
            }
        }

        /// <summary>What a cluster is restored from must stay as it was: an archive that has anything in it is refused.</summary>
        private static IEnumerable<string> OfArchive(JsonObject cluster)
        {
            var own = cluster.At("spec|backup|barmanObjectStore");
            return cluster.Each("spec|externalClusters").Select(e => e.At("barmanObjectStore"))
                .Where(o => o.Text("destinationPath") == own.Text("destinationPath")
                    && (o.Text("serverName") ?? cluster.Name()) == (own.Text("serverName") ?? cluster.Name()))
                .Select(o => $"PostgreSQL: it archives where it is restored from, {o.Text("destinationPath")}");
        }

        private static IEnumerable<string> OfRabbit(IReadOnlyList<JsonObject> documents) =>
            documents.Where(d => d.Kind() == "RabbitmqCluster" && d.Text("spec|replicas") is not ("3" or "5"))
                .Select(d => $"RabbitMQ: {d.Text("spec|replicas")} nodes make no majority that survives one");

        private static IEnumerable<string> OfNetwork(IReadOnlyList<JsonObject> documents)
        {
            if (documents.All(d => PodOf(d) is null))
            {
                yield break;
            }

            if (!documents.Any(d => d.Kind() == "NetworkPolicy" && d.At("spec|podSelector") is JsonObject { Count: 0 }
                && d.At("spec|ingress") is null && d.At("spec|egress") is null && d.Each("spec|policyTypes").Count() == 2))
            {
                yield return "NetworkPolicy: what is not named is not denied";
            }
        }

        private static IEnumerable<string> OfArguments(IReadOnlyList<JsonObject> documents)
        {
            var root = new Lazy<RootCommand>(() => CommandTree.Create(new(
                new ShopctlSettings(_ => null), TimeProvider.System, new Screen())));
            foreach (var container in documents.Select(PodOf).OfType<JsonObject>().SelectMany(p => p.Each("spec|containers")))
            {
                var words = container.Each("args").Select(a => a.ToString()).ToArray();
                if (container.Text("name") == "shopctl" && words is not ["--help"] && root.Value.Parse(words) is { Errors.Count: > 0 } parsed)
                {
                    yield return $"shopctl {string.Join(' ', words)}: {parsed.Errors[0].Message}";
                }

                if (container.Text("name") == "fleet" && Refusal(container, words, documents) is { } refusal)
                {
                    yield return $"fleet {string.Join(' ', words)}: {refusal}";
                }
            }
        }

        /// <summary>Why a fleet would not start with these settings; null where it would.</summary>
        private static string? Refusal(JsonNode container, string[] words, IReadOnlyList<JsonObject> documents)
        {
            var settings = VariablesOf(container, documents).ToDictionary(
                v => v.Key.Replace("__", ConfigurationPath.KeyDelimiter, StringComparison.Ordinal), v => (string?)v.Value);
            // Their files are mounted in the pod alone.
            settings.Remove("RabbitMq:PasswordFile");
            if (settings.Remove("Mail:PasswordFile"))
            {
                settings.Remove("Mail:User");
            }

            try
            {
                FleetSettings.From(new ConfigurationBuilder().AddInMemoryCollection(settings).AddCommandLine(words).Build());
                return null;
            }
            catch (InvalidOperationException e)
            {
                return e.Message;
            }
        }
    }
}
