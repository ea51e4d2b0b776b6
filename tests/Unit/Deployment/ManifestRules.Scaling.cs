using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using CardShop.Contracts;
using CardShop.Shop.Store;

namespace CardShop.Tests.Unit.Deployment;

internal static partial class ManifestRules
{
    /// <summary>One autoscaler for each Deployment; those of the availability guide with its very numbers.</summary>
    private static partial class Scaling
    {
        /// <summary>Whom the guide means by its order service: who takes orders, and who processes them.</summary>
        private static readonly string[] OrderService = ["cardshop-api", "cardshop-fleet-orders"];

        public static IEnumerable<string> FaultsOf(IReadOnlyList<JsonObject> documents)
        {
            var scalers = documents.Where(d => d.Kind() is "HorizontalPodAutoscaler" or "ScaledObject").ToList();
            return scalers.Select(s => Target(s, documents)).OfType<string>()
                .Concat(documents.Where(d => d.Kind() == "Deployment").SelectMany(d => OfDeployment(d.Name(), scalers)))
                .Concat(scalers.SelectMany(s => Triggers(s, PrefixOf(documents), MaxQueued(documents)))).Concat(Connections(documents, scalers));
        }

        private static string? Target(JsonObject scaler, IReadOnlyList<JsonObject> documents)
        {
            var (kind, name) = (scaler.Text("spec|scaleTargetRef|kind") ?? "Deployment", scaler.Text("spec|scaleTargetRef|name"));
            return documents.Any(d => d.Kind() == kind && d.Name() == name)
                ? null : $"{scaler.Kind()} {scaler.Name()}: there is no {kind} {name}";
        }

        private static IEnumerable<string> OfDeployment(string name, List<JsonObject> scalers)
        {
            var own = scalers.Where(s => s.Text("spec|scaleTargetRef|name") == name).ToList();
            if (own.Count != 1)
            {
                yield return $"Deployment {name} has {own.Count} autoscalers: none leaves it alone, two fight";
            }

            foreach (var said in own.Select(s => s.Text("spec|minReplicas") ?? s.Text("spec|minReplicaCount")))
            {
                if (!int.TryParse(said, CultureInfo.InvariantCulture, out var least) || least < 3)
                {
                    yield return $"Deployment {name} may shrink to {said}: three are the least";
                }
            }

            if (OrderService.Contains(name) && !own.Exists(IsTheGuides))
            {
                yield return $"Deployment {name} is not scaled by CPU 70 % and orders_pending 1000, up to 20";
            }
        }

        private static bool IsTheGuides(JsonObject scaler) =>
            scaler.Text("spec|maxReplicas") == "20"
            && scaler.Each("spec|metrics").Any(m => m.Text("resource|name") == "cpu" && m.Text("resource|target|averageUtilization") == "70")
            && scaler.Each("spec|metrics").Any(m => m.Text("pods|metric|name") == "orders_pending" && m.Text("pods|target|averageValue") == "1000");

        /// <summary>What stands before topics and groups: of a region that lives on in copies.</summary>
        private static string PrefixOf(IReadOnlyList<JsonObject> documents) =>
            Settings(documents).GetValueOrDefault("Kafka__TopicPrefix") is { } prefix && !prefix.StartsWith("named-by", StringComparison.Ordinal)
                ? prefix : string.Empty;

        /// <summary>Where the orders fleet stops: a payments fleet that waits for more is never scaled.</summary>
        private static int MaxQueued(IReadOnlyList<JsonObject> documents) =>
            int.Parse(Settings(documents).GetValueOrDefault("Payments__MaxQueued", "1000"), CultureInfo.InvariantCulture);

        private static IEnumerable<string> Triggers(JsonObject scaler, string prefix, int maxQueued)
        {
            foreach (var trigger in scaler.Each("spec|triggers"))
            {
                var (topic, group, queue) =
                    (trigger.Text("metadata|topic"), trigger.Text("metadata|consumerGroup"), trigger.Text("metadata|queueName"));
                if (topic is not null && !FleetGroups.All.Any(g => prefix + g.Name == group && g.Topics.Any(t => prefix + t.Name == topic)))
                {
                    yield return $"ScaledObject {scaler.Name()}: group {group} does not read {topic}";
                }

                if (queue is not null && !Queues.Work.Contains(queue))
                {
                    yield return $"ScaledObject {scaler.Name()}: there is no queue {queue}";
                }

                if (queue?.StartsWith(Queues.Payments(string.Empty), StringComparison.Ordinal) == true
                    && int.Parse(trigger.Text("metadata|value")!, CultureInfo.InvariantCulture) > maxQueued / 10)
                {
                    yield return $"ScaledObject {scaler.Name()}: {queue} is asked for more than a tenth of Payments__MaxQueued, {maxQueued}";
                }
            }
        }

        /// <summary>With everything at its largest, PostgreSQL still has a connection for each.</summary>
        private static IEnumerable<string> Connections(IReadOnlyList<JsonObject> documents, List<JsonObject> scalers)
        {
            var cluster = documents.FirstOrDefault(d => d.Kind() == "Cluster");
            if (cluster is null)
            {
                yield break;
            }

            var most = 0;
            foreach (var deployment in documents.Where(d => d.Kind() == "Deployment"))
            {
                var scaler = scalers.FirstOrDefault(s => s.Text("spec|scaleTargetRef|name") == deployment.Name());
                var replicas = int.Parse(
                    scaler.Text("spec|maxReplicas") ?? scaler.Text("spec|maxReplicaCount") ?? "0", CultureInfo.InvariantCulture);
                var connection = VariablesOf(PodOf(deployment).At("spec|containers|0")!, documents)
                    .GetValueOrDefault("Postgres__ConnectionString", string.Empty);
                if (Direct().IsMatch(connection) && Pool().Match(connection) is var pool)
                {
                    most += replicas * (pool.Success ? int.Parse(pool.Groups[1].Value, CultureInfo.InvariantCulture) : 100);
                }
            }

            foreach (var pooler in documents.Where(d => d.Kind() == "Pooler"))
            {
                most += int.Parse(pooler.Text("spec|instances")!, CultureInfo.InvariantCulture)
                    * (Number(pooler, "default_pool_size") + Number(pooler, "reserve_pool_size"));
            }

            var usable = int.Parse(cluster.Text("spec|postgresql|parameters|max_connections")!, CultureInfo.InvariantCulture);
            if (most > usable - 30)
            {
                yield return string.Create(
                    CultureInfo.InvariantCulture, $"PostgreSQL allows {usable} connections; at their largest the pools open {most}, and 30 are for others");
            }
        }

        private static int Number(JsonNode pooler, string name) =>
            int.Parse(pooler.Text("spec|pgbouncer|parameters|" + name)!, CultureInfo.InvariantCulture);

        [GeneratedRegex("Maximum Pool Size=([0-9]+)")]
        private static partial Regex Pool();

        [GeneratedRegex("Host=[^;]*-rw;")]
        private static partial Regex Direct();
    }
}
