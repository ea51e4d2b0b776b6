using CardShop.Contracts;
using CardShop.Pipeline.Log;
using CardShop.Shop.Housekeeping;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace CardShop.Tests.Unit.Housekeeping;

public sealed class When_the_log_is_trimmed
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 5, 12, 0, 0, TimeSpan.Zero);
    private static readonly PartitionKey Orders0 = new(Topics.Orders.Name, 0);
    private static readonly PartitionKey Facts0 = new(Topics.SagaFacts.Name, 0);

    [Fact]
    public void Nothing_goes_without_a_backup()
    {
        var plan = TrimPlan.Decide([], Everything());

        Assert.Empty(plan.Steps);
        Assert.Contains("no backup", plan.Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_goes_where_one_backup_s_position_is_not_known()
    {
        var plan = TrimPlan.Decide(
            [Backup("known", 100, 50), new("made-by-hand", "full", Noon, Noon, null, null)], Everything());

        Assert.Empty(plan.Steps);
        Assert.Contains("made-by-hand", plan.Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void The_oldest_backup_decides_and_is_named()
    {
        var plan = TrimPlan.Decide([Backup("young", 100, 80), Backup("old", 90, 30)], Everything());

        Assert.Equal(new TrimStep(Orders0, 0, 30, "backup old"), plan.Steps.Single(s => s.Partition == Orders0));
    }

    [Fact]
    public void A_backup_that_knows_nothing_of_a_partition_keeps_all_of_it()
    {
        var plan = TrimPlan.Decide(
            [Backup("young", 100, 80), new("first", "full", Noon, Noon, 5, [])], Everything());

        Assert.DoesNotContain(plan.Steps, s => s.Partition == Orders0);
    }

    [Fact]
    public void Records_that_are_too_young_stay_whatever_backups_hold()
    {
        var facts = Everything();

        var plan = TrimPlan.Decide(
            [Backup("only", 100, 80)], facts with { Aged = new Dictionary<PartitionKey, long>(facts.Aged) { [Orders0] = 12 } });

        Assert.Equal(12, plan.Steps.Single(s => s.Partition == Orders0).To);
    }

    [Fact]
    public void Facts_go_by_commit_and_not_at_all_where_no_commit_was_read()
    {
        var facts = Everything();

        var plan = TrimPlan.Decide([Backup("only", 100, 80)], facts with { Committed = new Dictionary<PartitionKey, long> { [Facts0] = 7 } });

        Assert.Equal(7, plan.Steps.Single(s => s.Partition == Facts0).To);
        Assert.DoesNotContain(plan.Steps, s => s.Partition.Topic == Topics.SagaFacts.Name && s.Partition != Facts0);
        Assert.DoesNotContain(plan.Steps, s => s.Partition.Topic == Topics.Deliveries.Name);
    }

    [Fact]
    public void Whatever_is_kept_no_step_reaches_beyond_the_lowest_backup_or_the_present()
    {
        var steps = 0;
        Prop.ForAll(Arb.From(Cases()), input =>
        {
            var (backups, facts) = input;
            steps += TrimPlan.Decide(backups, facts).Steps.Count;
            foreach (var step in TrimPlan.Decide(backups, facts).Steps)
            {
                var topic = TrimmedTopic.All.Single(t => t.Topic.Name == step.Partition.Topic);
                Assert.NotEmpty(backups);
                Assert.True(step.From == facts.Bounds[step.Partition].First && step.To > step.From);
                Assert.True(step.To <= facts.Bounds[step.Partition].Next);
                Assert.True(step.To <= facts.Aged.GetValueOrDefault(step.Partition));
                if (topic.ByCommit)
                {
                    Assert.True(step.To <= facts.Committed.GetValueOrDefault(step.Partition));
                }

                if (topic.Group is { } group)
                {
                    Assert.True(step.To <= facts.Progress.GetValueOrDefault((group, step.Partition)));
                    Assert.All(backups, b => Assert.True(
                        step.To <= b.Progress!.Where(o => o.Group == group && o.Topic == step.Partition.Topic
                            && o.Partition == step.Partition.Partition).Sum(o => o.NextOffset)));
                }
            }
        }).QuickCheckThrowOnFailure();
        Assert.True(steps > 20, $"only {steps} steps were looked at");
    }

    private static Gen<(IReadOnlyList<KeptBackup>, TrimFacts)> Cases()
    {
        var partitions = TrimmedTopic.All.SelectMany(t => Enumerable.Range(0, 2).Select(n => (Trimmed: t, Key: new PartitionKey(t.Topic.Name, n))))
            .ToList();
        // One generator for all numbers: nothing promises that progress, backups and ends fit together.
        return from numbers in Gen.Choose(0, 50).Select(n => (long)n).ArrayOf(partitions.Count * 10)
               from backups in Gen.Choose(0, 4)
               from unknown in Gen.Frequency((9, Gen.Constant(-1)), (1, Gen.Choose(0, 3)))
               select Make(partitions, numbers, backups, unknown);
    }

    private static (IReadOnlyList<KeptBackup>, TrimFacts) Make(
        List<(TrimmedTopic Trimmed, PartitionKey Key)> partitions, long[] numbers, int backups, int unknown)
    {
        var next = 0;
        long Take() => numbers[next++ % numbers.Length];
        Dictionary<PartitionKey, long> Offsets() => partitions.Where(_ => Take() > 5).ToDictionary(p => p.Key, _ => Take());
        var made = Enumerable.Range(0, backups).Select(b => new KeptBackup(
            $"b{b}", "full", Noon, Noon, b == unknown ? null : Take(),
            [.. partitions.Where(p => p.Trimmed.Group is not null && Take() > 5)
                .Select(p => new GroupOffset(p.Trimmed.Group!, p.Key.Topic, p.Key.Partition, Take()))])).ToList();
        var bounds = partitions.ToDictionary(p => p.Key, _ => (First: Take(), Next: 0L));
        foreach (var key in bounds.Keys.ToList())
        {
            bounds[key] = (bounds[key].First, bounds[key].First + Take());
        }

        return (made, new(
            partitions.Where(p => p.Trimmed.Group is not null).ToDictionary(p => (p.Trimmed.Group!, p.Key), _ => Take()),
            bounds, Offsets(), Offsets()));
    }

    private static KeptBackup Backup(string label, long commit, long offset) => new(
        label, "full", Noon, Noon, commit,
        [.. TrimmedTopic.All.Where(t => t.Group is not null).SelectMany(t => Enumerable.Range(0, t.Topic.Partitions)
            .Select(p => new GroupOffset(t.Group!, t.Topic.Name, p, offset)))]);

    /// <summary>A hundred records in every partition, all processed and old enough.</summary>
    private static TrimFacts Everything()
    {
        var all = TrimmedTopic.All.SelectMany(t => Enumerable.Range(0, t.Topic.Partitions).Select(p => (t, Key: new PartitionKey(t.Topic.Name, p)))).ToList();
        return new(
            all.Where(p => p.t.Group is not null).ToDictionary(p => (p.t.Group!, p.Key), _ => 100L),
            all.ToDictionary(p => p.Key, _ => (0L, 100L)), all.ToDictionary(p => p.Key, _ => 100L), new Dictionary<PartitionKey, long>());
    }
}
