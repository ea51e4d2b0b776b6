using System.Globalization;
using CardShop.Contracts;

namespace CardShop.Shopctl.Preflight;

/// <summary>A region whose inputs and events are copied here.</summary>
/// <param name="Region">Its letter.</param>
/// <param name="Prefix">What stands before the names of its topics: <c>north.</c>.</param>
public sealed record MirroredRegion(string Region, string Prefix);

/// <summary>What a takeover of another region demands of its copies here. Pure.</summary>
public static class MirrorRules
{
    private const string Area = "Kafka";

    /// <summary>The oldest backup that is kept, the hour before it from which a takeover reads, and some of a day.</summary>
    private static readonly TimeSpan Read = TimeSpan.FromDays(31);

    public static IEnumerable<CheckResult> Judge(KafkaFacts facts, PreflightMode mode)
    {
        foreach (var mirror in facts.Mirrors)
        {
            var rows = Topics.Mirrored.SelectMany(t => OfTopic(t, mirror, facts.Topics.GetValueOrDefault(mirror.Prefix + t.Name), mode)).ToList();
            foreach (var row in KafkaRules.Grouped(rows, $"all {Topics.Mirrored.Count} topics {mirror.Prefix}*", Topics.Mirrored.Count))
            {
                yield return row;
            }

            if (rows.Count == 0)
            {
                yield return new(
                    Area, $"copies of region {mirror.Region}", Verdict.Ok,
                    $"all {Topics.Mirrored.Count} topics {mirror.Prefix}*: partitions, copies and retention as a takeover needs them");
            }
        }
    }

    private static IEnumerable<CheckResult> OfTopic(Topic topic, MirroredRegion mirror, TopicFacts? facts, PreflightMode mode)
    {
        var name = mirror.Prefix + topic.Name;
        if (facts is null)
        {
            yield return new(
                Area, name, mode.Before ? Verdict.Info : Verdict.Fail, "is not there, or this user may not see it",
                $"Start the mirror of region {mirror.Region}: MirrorMaker 2 in Kubernetes (k8s/overlays/three-regions), elsewhere " +
                $"'CardShop.Fleet --fleet mirror' with Mirror__Alias={mirror.Prefix.TrimEnd('.')}. Until then that region cannot be " +
                $"taken over here. Give this user DESCRIBE on topics {mirror.Prefix}*.");
            yield break;
        }

        if (facts.Partitions != topic.Partitions)
        {
            yield return new(
                Area, name, Verdict.Fail,
                string.Create(CultureInfo.InvariantCulture, $"{facts.Partitions} partitions, its source has {topic.Partitions}"),
                "A takeover finds a record by its partition's number. Stop the mirror, delete this copy, start the mirror, and have " +
                $"region {mirror.Region} backed up once the copy is whole: older backups cannot be taken over from it.");
        }

        foreach (var (verdict, found, toDo) in KafkaRules.Copies(facts, mode))
        {
            yield return new(Area, name, verdict, found, toDo);
        }

        if (facts.Settings is not { } settings)
        {
            yield return new(
                Area, name, Verdict.Warn, "its settings may not be read", $"Give this user DESCRIBE_CONFIGS on topics {mirror.Prefix}*.");
            yield break;
        }

        foreach (var (verdict, found, toDo) in KafkaRules.Durability(facts.LeastReplicas, settings, mode).Concat(Retention(topic, settings)))
        {
            yield return new(Area, name, verdict, found, toDo);
        }
    }

    /// <summary>
    /// A takeover reads from an hour before the backup that it begins with, and from then on the copies are the region's own log: it sets
    /// them to stay. Until then what its source trims goes here by age, or it would fill the disks: nobody else trims copies.
    /// </summary>
    private static IEnumerable<(Verdict Verdict, string Found, string ToDo)> Retention(
        Topic topic, IReadOnlyDictionary<string, string> settings)
    {
        string? Value(string name) => settings.GetValueOrDefault(name);
        var policy = topic.Compacted ? "compact" : "delete";
        if (Value("cleanup.policy") != policy)
        {
            yield return (
                Verdict.Fail, $"cleanup.policy={Value("cleanup.policy")}, its source has {policy}", $"Set cleanup.policy={policy}.");
            yield break;
        }

        if (topic.Compacted)
        {
            yield break;
        }

        var wanted = topic.KeptFor is { } kept ? ((long)kept.TotalMilliseconds).ToString(CultureInfo.InvariantCulture) : "-1";
        var (age, bytes) = (Value("retention.ms"), Value("retention.bytes"));
        var toDo = $"Set retention.ms={wanted} and retention.bytes=-1.";
        if (bytes != "-1" || (age != "-1" && !(long.TryParse(age, NumberStyles.Integer, CultureInfo.InvariantCulture, out var ms) && ms >= Read.TotalMilliseconds)))
        {
            yield return (
                Verdict.Fail, $"retention.ms={age}, retention.bytes={bytes}: a takeover from a backup of 30 days ago would find a gap", toDo);
        }
        else if (age == "-1" && topic.KeptFor is not null)
        {
            yield return (Verdict.Warn, "retention.ms=-1: nobody trims copies, they would fill the disks", toDo);
        }
        else if (age != "-1" && topic.KeptFor is null)
        {
            yield return (Verdict.Warn, $"retention.ms={age}: its source keeps them for ever", toDo);
        }
    }
}
