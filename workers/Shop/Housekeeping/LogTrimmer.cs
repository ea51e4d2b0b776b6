using CardShop.Contracts;
using CardShop.Pipeline.Log;
using Npgsql;

namespace CardShop.Shop.Housekeeping;

/// <summary>Reads what <see cref="TrimPlan"/> needs, and deletes what it allows.</summary>
public sealed class LogTrimmer(
    NpgsqlDataSource database, ILogRanges ranges, KafkaTopicCare care, HousekeepingOptions options, TimeProvider time)
{
    /// <summary>Records of a partition that are read for their commit numbers: more wait for the next round.</summary>
    private const int MostRead = 5_000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>What may go now; changes nothing.</summary>
    public async Task<TrimPlan> PlanAsync(CancellationToken cancellation)
    {
        var backups = await KeptBackupStore.ReadAsync(database, cancellation);
        var nothing = TrimPlan.Decide(backups, new(Empty<(string, PartitionKey)>(), Bounds(), Empty<PartitionKey>(), Empty<PartitionKey>()));
        if (nothing.Refusal is not null)
        {
            return nothing;
        }

        var position = await KeptBackupStore.PositionAsync(database, cancellation);
        var oldest = time.GetUtcNow() - TimeSpan.FromDays(options.KeepLogDays);
        var bounds = new Dictionary<PartitionKey, (long First, long Next)>();
        var aged = new Dictionary<PartitionKey, long>();
        var committed = new Dictionary<PartitionKey, long>();
        foreach (var trimmed in TrimmedTopic.All.Where(t => options.TrimKeyBatches || t.Topic != Topics.KeyBatches))
        {
            var own = await ranges.BoundsAsync(trimmed.Topic, cancellation);
            var young = options.KeepLogDays == 0
                ? own.ToDictionary(b => b.Key, b => b.Value.Next)
                : await ranges.OffsetsAtAsync(trimmed.Topic, oldest, cancellation);
            foreach (var (partition, bound) in own)
            {
                bounds[partition] = bound;
                aged[partition] = young[partition];
            }

            if (trimmed.ByCommit)
            {
                await ReadCommitsAsync(own, young, TrimPlan.OldestCommit(backups)!.Value, committed, cancellation);
            }
        }

        return TrimPlan.Decide(backups, new(KeptBackupStore.ByPartition(position.Progress), bounds, aged, committed));
    }

    /// <summary>Deletes what a plan names.</summary>
    /// <returns>How many records went.</returns>
    public async Task<long> DoAsync(TrimPlan plan, CancellationToken cancellation)
    {
        await care.DeleteBelowAsync(plan.Steps.ToDictionary(s => s.Partition, s => s.To), cancellation);
        return plan.Steps.Sum(s => s.To - s.From);
    }

    /// <summary>
    /// From its beginning on, up to which record was everything committed before the oldest backup? Dispatchers overtake
    /// each other a little, so the first that was not ends it; so does one without a number.
    /// </summary>
    private async Task ReadCommitsAsync(
        IReadOnlyDictionary<PartitionKey, (long First, long Next)> bounds, IReadOnlyDictionary<PartitionKey, long> young,
        long oldestCommit, Dictionary<PartitionKey, long> committed, CancellationToken cancellation)
    {
        // One partition at a time: together, the fullest could take up every read.
        foreach (var (partition, (first, _)) in bounds.Where(b => Math.Min(b.Value.Next, young[b.Key]) > b.Value.First))
        {
            var records = await ranges.ReadAsync(
                new Dictionary<PartitionKey, long> { [partition] = first }, MostRead, Patience, cancellation);
            foreach (var record in records.TakeWhile(r => r.Commit > 0 && r.Commit <= oldestCommit))
            {
                committed[partition] = record.Offset + 1;
            }
        }
    }

    private static Dictionary<TKey, long> Empty<TKey>()
        where TKey : notnull => [];

    private static Dictionary<PartitionKey, (long First, long Next)> Bounds() => [];
}
