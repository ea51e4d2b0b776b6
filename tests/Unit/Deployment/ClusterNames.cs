using System.Text.Json.Nodes;

namespace CardShop.Tests.Unit.Deployment;

/// <summary>What a command for the cluster can name: objects by kind, labels, containers. What operators make of objects belongs to it.</summary>
internal sealed record ClusterNames(
    IReadOnlySet<string> Names, IReadOnlySet<(string Kind, string Name)> Objects, IReadOnlySet<string> Labels, IReadOnlySet<string> Containers)
{
    /// <summary>How kubectl calls the kinds that runbooks name. Pods, jobs, secrets and volumes come and go: their names are in no manifest.</summary>
    private static readonly IReadOnlyDictionary<string, string> Kinds = new Dictionary<string, string>
    {
        ["deployment"] = "Deployment",
        ["cronjob"] = "CronJob",
        ["kafka"] = "Kafka",
        ["kafkanodepool"] = "KafkaNodePool",
        ["cluster"] = "Cluster",
        ["hpa"] = "HorizontalPodAutoscaler",
        ["scaledobject"] = "ScaledObject",
        ["externalsecret"] = "ExternalSecret",
        ["gateway"] = "Gateway",
        ["networkpolicy"] = "NetworkPolicy",
        ["clienttrafficpolicy"] = "ClientTrafficPolicy",
        ["rabbitmqcluster"] = "RabbitmqCluster",
        ["certificate"] = "Certificate",
        ["kafkatopic"] = "KafkaTopic",
        ["kafkauser"] = "KafkaUser",
        ["scheduledbackup"] = "ScheduledBackup",
    };

    /// <summary>Of the pods that operators make.</summary>
    private static readonly string[] Theirs = ["kafka", "postgres", "rabbitmq"];

    public static ClusterNames Of(IEnumerable<JsonObject> documents)
    {
        var all = documents.ToList();
        var nodes = all.SelectMany(d => d.All()).OfType<JsonObject>().ToList();
        return new(
            all.Select(d => d.Name()).ToHashSet(), all.Select(d => (d.Kind(), d.Name())).ToHashSet(),
            nodes.SelectMany(n => n.Map("labels").Concat(n.Map("matchLabels")).Concat(n.Map("podSelector"))).Select(l => $"{l.Key}={l.Value}")
                .Append("cnpg.io/instanceRole=primary").Append("app.kubernetes.io/name=cert-manager").ToHashSet(),
            nodes.SelectMany(n => n.Each("containers")).Select(c => c.Text("name")).OfType<string>().Concat(Theirs).ToHashSet());
    }

    /// <param name="words">Of kubectl, without it.</param>
    /// <returns>What does not exist; null where all does.</returns>
    public string? FaultOf(string[] words)
    {
        for (var i = 0; i < words.Length; i++)
        {
            var next = i + 1 < words.Length ? words[i + 1] : string.Empty;
            if (words[i] == "--")
            {
                return null;
            }

            if (words[i] == "-l" && next.Split(',').FirstOrDefault(l => !Labels.Contains(l)) is { } label)
            {
                return $"no pod has the label {label}";
            }

            if (words[i] == "-c" && !Containers.Contains(next))
            {
                return $"no pod has a container {next}";
            }

            if (ObjectFault(words[i], next) is { } fault)
            {
                return fault;
            }
        }

        return null;
    }

    /// <summary><c>kind/name</c>, or <c>kind name</c>. What is written large stands for a name.</summary>
    private string? ObjectFault(string word, string next)
    {
        var (kind, name) = word.Split('/') is [var k, var n] && k.Length > 0 ? (k, n) : Kinds.ContainsKey(word) ? (word, next) : (null, null);
        kind = kind?.StartsWith("--from=", StringComparison.Ordinal) == true ? kind["--from=".Length..] : kind;
        if (kind is null || name is null or "" || name.StartsWith('-') || char.IsAsciiLetterUpper(name[0]))
        {
            return null;
        }

        return !Kinds.TryGetValue(kind, out var known) || Objects.Contains((known, name)) ? null : $"no manifest has the {kind} {name}";
    }
}
