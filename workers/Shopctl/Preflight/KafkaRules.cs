using System.Globalization;
using CardShop.Contracts;

namespace CardShop.Shopctl.Preflight;

/// <summary>A topic as the brokers have it.</summary>
/// <param name="LeastReplicas">Of the partition with the fewest.</param>
/// <param name="LeastInSync">The same for replicas in sync.</param>
/// <param name="Settings">Null where they may not be read.</param>
public sealed record TopicFacts(
    int Partitions, int LeastReplicas, int LeastInSync, IReadOnlyDictionary<string, string>? Settings);

/// <summary>What was learnt of Kafka.</summary>
/// <param name="Apis">The highest version of each API, by the protocol's key.</param>
/// <param name="Topics">By their full names, with all that stands before the agreed ones.</param>
/// <param name="CreateRefusal">Why a topic could not be created; null where it could.</param>
/// <param name="AlterRefusal">Why a topic's settings could not be changed; null where they could, or no topic is there.</param>
public sealed record KafkaFacts(
    IReadOnlyDictionary<int, short> Apis, int Brokers, IReadOnlyDictionary<string, TopicFacts> Topics,
    string? CreateRefusal, string? AlterRefusal)
{
    /// <summary>What stands before the names of the shop's own topics; empty, but for a region that was taken over.</summary>
    public string Prefix { get; init; } = string.Empty;

    /// <summary>The regions that are mirrored here.</summary>
    public IReadOnlyList<MirroredRegion> Mirrors { get; init; } = [];
}

/// <summary>What the design demands of Kafka. Pure.</summary>
public static class KafkaRules
{
    private const string Area = "Kafka";
    private const int CopiesDemanded = 3;
    private const int InSyncDemanded = 2;

    /// <summary>The protocol's keys, with the lowest version that our client and the idempotent producer need.</summary>
    private static readonly (int Key, string Name, short Version)[] Needed =
    [
        (0, "Produce", 3), (1, "Fetch", 4), (2, "ListOffsets", 1), (3, "Metadata", 1), (8, "OffsetCommit", 2),
        (9, "OffsetFetch", 1), (11, "JoinGroup", 0), (19, "CreateTopics", 1), (22, "InitProducerId", 0),
        (32, "DescribeConfigs", 0),
    ];

    /// <summary>Without these the past cannot be read again: no record of them may go by itself.</summary>
    private static readonly HashSet<string> Kept =
    [
        Topics.Orders.Name, Topics.PaymentNotifications.Name, Topics.SagaFacts.Name, Topics.Deliveries.Name,
        Topics.KeyBatches.Name,
    ];

    public static IEnumerable<CheckResult> Judge(KafkaFacts facts, PreflightMode mode)
    {
        yield return Versions(facts.Apis);
        yield return new(
            Area, "brokers", CheckResult.Demanded(facts.Brokers >= CopiesDemanded, mode), Number(facts.Brokers),
            facts.Brokers >= CopiesDemanded ? null : "Three brokers are needed for three copies of each record.");
        yield return facts.CreateRefusal is { } create
            ? new(Area, "create topics", Verdict.Fail, create, "Give this user CREATE on topics shop.*, and as many brokers as Kafka__Replication says.")
            : new(Area, "create topics", Verdict.Ok, "allowed (tried without creating)");
        if (facts.AlterRefusal is { } alter)
        {
            yield return new(Area, "change topics", Verdict.Warn, alter, "Give this user ALTER_CONFIGS on topics shop.*.");
        }

        var rows = Topics.All.Select(t => t with { Name = facts.Prefix + t.Name })
            .SelectMany(t => OfTopic(t, facts.Topics.GetValueOrDefault(t.Name), Kept.Contains(t.Name[facts.Prefix.Length..]), mode)).ToList();
        foreach (var row in Grouped(rows, $"all {Topics.All.Count} topics", Topics.All.Count))
        {
            yield return row;
        }

        if (!rows.Exists(r => r.Verdict is Verdict.Fail or Verdict.Warn or Verdict.Info))
        {
            yield return new(
                Area, "topics", Verdict.Ok, $"all {Topics.All.Count}: partitions, copies, retention and compaction as agreed");
        }
    }

    /// <summary>One line for topics of which the same is to be said.</summary>
    /// <param name="all">What is said instead of the names of all <paramref name="count"/>.</param>
    internal static IEnumerable<CheckResult> Grouped(IEnumerable<CheckResult> rows, string all, int count)
    {
        foreach (var same in rows.GroupBy(r => (r.Verdict, r.Found, r.ToDo)))
        {
            var names = same.Select(r => r.Check).ToList();
            yield return same.First() with
            {
                Check = names.Count switch
                {
                    1 => names[0],
                    <= 3 => string.Join(", ", names),
                    _ when names.Count == count => all,
                    _ => $"{names.Count} topics: {string.Join(", ", names)}",
                },
            };
        }
    }

    /// <summary>Whether there are enough copies of each record, and all are in sync.</summary>
    internal static IEnumerable<(Verdict Verdict, string Found, string ToDo)> Copies(TopicFacts facts, PreflightMode mode)
    {
        if (facts.LeastReplicas < CopiesDemanded)
        {
            yield return (
                CheckResult.Demanded(false, mode), $"{Copies(facts.LeastReplicas)} of each record",
                "Reassign its partitions to three brokers; for topics to come set Kafka__Replication=3.");
        }

        if (facts.LeastInSync < facts.LeastReplicas)
        {
            yield return (
                Verdict.Warn, $"a partition has {facts.LeastInSync} of {facts.LeastReplicas} copies in sync",
                "Look for the broker that is away or behind.");
        }
    }

    private static CheckResult Versions(IReadOnlyDictionary<int, short> apis)
    {
        var missing = Needed.Where(n => !apis.TryGetValue(n.Key, out var highest) || highest < n.Version)
            .Select(n => string.Create(CultureInfo.InvariantCulture, $"{n.Name} {n.Version}")).ToList();
        return missing.Count == 0
            ? new(Area, "API versions", Verdict.Ok, $"{apis.Count} APIs, Produce up to {apis[0]}, Fetch up to {apis[1]}")
            : new(
                Area, "API versions", Verdict.Fail, "not offered: " + string.Join(", ", missing),
                "Use Apache Kafka 2.1 or newer.");
    }

    private static IEnumerable<CheckResult> OfTopic(Topic topic, TopicFacts? facts, bool isKept, PreflightMode mode)
    {
        if (facts is null)
        {
            yield return new(
                Area, topic.Name, mode.Before ? Verdict.Info : Verdict.Fail, "is not there", "'shopctl migrate' creates it.");
            yield break;
        }

        if (facts.Partitions != topic.Partitions)
        {
            yield return new(
                Area, topic.Name, Verdict.Fail, $"{facts.Partitions} partitions, {topic.Partitions} are agreed",
                "The count is fixed for a topic's life. Before the first order: delete the topic and run 'shopctl migrate'.");
        }

        foreach (var (verdict, found, toDo) in Copies(facts, mode))
        {
            yield return new(Area, topic.Name, verdict, found, toDo);
        }

        if (facts.Settings is not { } settings)
        {
            yield return new(
                Area, topic.Name, Verdict.Warn, "its settings may not be read", "Give this user DESCRIBE_CONFIGS on topics shop.*.");
            yield break;
        }

        foreach (var (verdict, found, toDo) in Durability(facts.LeastReplicas, settings, mode).Concat(Retention(topic, isKept, settings)))
        {
            yield return new(Area, topic.Name, verdict, found, toDo);
        }
    }

    internal static IEnumerable<(Verdict Verdict, string Found, string ToDo)> Durability(
        int replicas, IReadOnlyDictionary<string, string> settings, PreflightMode mode)
    {
        string? Value(string name) => settings.GetValueOrDefault(name);
        if (replicas >= CopiesDemanded && !(int.TryParse(Value("min.insync.replicas"), out var inSync) && inSync >= InSyncDemanded))
        {
            yield return (
                Verdict.Fail, $"min.insync.replicas={Value("min.insync.replicas")}: one broker's loss loses acknowledged orders",
                "Set min.insync.replicas=2.");
        }

        if (Value("unclean.leader.election.enable") == "true")
        {
            yield return (
                Verdict.Fail, "unclean.leader.election.enable=true: a stale copy may take over",
                "Set unclean.leader.election.enable=false.");
        }

        if (replicas == 1 && Value("flush.messages") != "1")
        {
            yield return (
                mode.Local ? Verdict.Warn : Verdict.Fail,
                $"one copy, and flush.messages={Value("flush.messages")}: a power cut loses acknowledged orders",
                "Set flush.messages=1, or keep three copies.");
        }
    }

    private static IEnumerable<(Verdict Verdict, string Found, string ToDo)> Retention(
        Topic topic, bool isKept, IReadOnlyDictionary<string, string> settings)
    {
        string? Value(string name) => settings.GetValueOrDefault(name);
        var policy = Value("cleanup.policy");
        if (topic.Compacted && policy != "compact")
        {
            yield return (Verdict.Fail, $"cleanup.policy={policy}, its state would be lost", "Set cleanup.policy=compact.");
        }
        else if (!topic.Compacted && policy != "delete")
        {
            yield return (Verdict.Fail, $"cleanup.policy={policy}: records would be thinned out", "Set cleanup.policy=delete.");
        }
        else if (!topic.Compacted && (Value("retention.ms") != "-1" || Value("retention.bytes") != "-1"))
        {
            yield return (
                isKept ? Verdict.Fail : Verdict.Warn,
                $"retention.ms={Value("retention.ms")}, retention.bytes={Value("retention.bytes")}: records would go by themselves",
                "Set both to -1; housekeeping alone trims.");
        }
    }

    private static string Copies(int count) => count == 1 ? "1 copy" : $"{count} copies";

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
