using System.Globalization;
using CardShop.Contracts;
using CardShop.Pipeline.Log;
using CardShop.Shop.Store;

namespace CardShop.Shop.Housekeeping;

/// <summary>A topic that grows with every order, and what makes a record of it dispensable.</summary>
/// <param name="Group">The group that must have processed it; null = none does.</param>
/// <param name="ByCommit">Its records are dispensable only where they were committed before every kept backup.</param>
public sealed record TrimmedTopic(Topic Topic, string? Group, bool ByCommit)
{
    public static IReadOnlyList<TrimmedTopic> All { get; } =
    [
        new(Topics.Orders, "orders", ByCommit: false),
        new(Topics.PaymentNotifications, "payments", ByCommit: false),
        new(Topics.KeyBatches, "delivery", ByCommit: false),
        new(Topics.PartnerRequests, FleetGroups.Notifications, ByCommit: false),
        new(Topics.Deliveries, FleetGroups.Notifications, ByCommit: true),
        new(Topics.SagaFacts, null, ByCommit: true),
    ];
}

/// <summary>What the log and the database say now.</summary>
/// <param name="Progress">How far each group has come; absent = not at all.</param>
/// <param name="Bounds">First kept and next offset of each partition.</param>
/// <param name="Aged">The first offset that is too young to go, whatever backups say; absent = nothing may go.</param>
/// <param name="Committed">
/// Of topics that go by commit number: below it every record was committed before the oldest kept backup; absent = nothing may go.
/// </param>
public sealed record TrimFacts(
    IReadOnlyDictionary<(string Group, PartitionKey Partition), long> Progress,
    IReadOnlyDictionary<PartitionKey, (long First, long Next)> Bounds,
    IReadOnlyDictionary<PartitionKey, long> Aged,
    IReadOnlyDictionary<PartitionKey, long> Committed);

/// <summary>Records of one partition that may go.</summary>
/// <param name="From">The first that is kept now.</param>
/// <param name="To">The first that is to be kept.</param>
/// <param name="Because">What keeps the next one.</param>
public sealed record TrimStep(PartitionKey Partition, long From, long To, string Because);

/// <summary>What may be deleted from the beginnings of topics. Pure.</summary>
/// <param name="Refusal">Why nothing may be; null where the steps say what.</param>
public sealed record TrimPlan(IReadOnlyList<TrimStep> Steps, string? Refusal)
{
    /// <summary>
    /// A record goes only when every kept backup had processed it, the present database has, and it is old enough. Where a
    /// backup's position is not known, nothing goes.
    /// </summary>
    public static TrimPlan Decide(IReadOnlyList<KeptBackup> backups, TrimFacts facts)
    {
        if (backups.Count == 0)
        {
            return new([], "there is no backup: the log is the only copy");
        }

        if (backups.FirstOrDefault(b => b.Progress is null || b.CommitNo is null) is { } unknown)
        {
            return new([], $"where backup {unknown.Label} stands is not known");
        }

        var kept = backups.Select(b => (
            b.Label, Offsets: b.Progress!.ToDictionary(o => (o.Group, new PartitionKey(o.Topic, o.Partition)), o => o.NextOffset)))
            .ToList();
        var steps = new List<TrimStep>();
        foreach (var trimmed in TrimmedTopic.All)
        {
            for (var number = 0; number < trimmed.Topic.Partitions; number++)
            {
                var partition = new PartitionKey(trimmed.Topic.Name, number);
                if (facts.Bounds.TryGetValue(partition, out var bounds) && Lowest(trimmed, partition) is var (to, because)
                    && Math.Min(to, bounds.Next) is var end && end > bounds.First)
                {
                    steps.Add(new(partition, bounds.First, end, because));
                }
            }
        }

        return new(steps, null);

        (long To, string Because) Lowest(TrimmedTopic trimmed, PartitionKey partition)
        {
            var limits = new List<(long To, string Because)> { (facts.Aged.GetValueOrDefault(partition), "it is not old enough") };
            if (trimmed.Group is { } group)
            {
                limits.Add((facts.Progress.GetValueOrDefault((group, partition)), "not processed yet"));
                limits.AddRange(kept.Select(b => (b.Offsets.GetValueOrDefault((group, partition)), "backup " + b.Label)));
            }

            if (trimmed.ByCommit)
            {
                limits.Add((facts.Committed.GetValueOrDefault(partition), string.Create(
                    CultureInfo.InvariantCulture, $"committed after {OldestCommit(backups)}, the oldest backup's last")));
            }

            return limits.MinBy(l => l.To);
        }
    }

    /// <summary>The commit number that every kept backup holds; null where one is not known.</summary>
    public static long? OldestCommit(IReadOnlyList<KeptBackup> backups) =>
        backups.Count == 0 || backups.Any(b => b.CommitNo is null) ? null : backups.Min(b => b.CommitNo);
}
