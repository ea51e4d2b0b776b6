using System.Globalization;
using CardShop.Contracts;
using CardShop.Pipeline.Log;
using CardShop.Shop.Store;
using Npgsql;

namespace CardShop.Shop.Recovery;

/// <summary>Looks at the database and at the log, and changes nothing.</summary>
public sealed class RecoveryPlanner(NpgsqlDataSource database, ILog log, ILogRanges ranges)
{
    private const int TailRecords = 1_000;

    /// <summary>How far clocks may differ: records are looked for from so long before the backup on.</summary>
    private static readonly TimeSpan ClockMargin = TimeSpan.FromHours(1);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>A moment that the database has lived to; null where it is empty.</summary>
    public async Task<DateTimeOffset?> SinceAsync(CancellationToken cancellation) =>
        (await ReadDatabaseAsync(cancellation)).Item2 is { } since ? since - ClockMargin : null;

    /// <summary>The newest of what the copies of a lost region's log have, as its fleets have told it.</summary>
    public async Task<DateTimeOffset?> CopiedToAsync(CancellationToken cancellation)
    {
        var tails = (await log.TailAsync(Topics.SagaFacts, 1, cancellation)).Concat(await log.TailAsync(Topics.Deliveries, 1, cancellation));
        return tails.Select(r => (DateTimeOffset?)r.Timestamp).Max();
    }

    /// <param name="takeOver">
    /// The log is another region's copies: positions in the database are of another log, so inputs are read from an hour before
    /// the backup on, and all of them to the end.
    /// </param>
    public async Task<RecoveryPlan> MakeAsync(CancellationToken cancellation, TakeOver? takeOver = null)
    {
        var (commit, since, progress) = await ReadDatabaseAsync(cancellation);
        // The witnesses first: what is processed later than they say is met again, and known by then.
        var committed = new Dictionary<(string Group, PartitionKey Partition), long>();
        foreach (var group in FleetGroups.All)
        {
            foreach (var (partition, offset) in await log.CommittedAsync(group.Name, group.Topics, cancellation))
            {
                committed[(group.Name, partition)] = offset;
            }
        }

        var planned = new List<PlannedRange>();
        var objections = new List<string>();
        foreach (var group in FleetGroups.All)
        {
            foreach (var topic in group.Topics)
            {
                planned.AddRange(takeOver is null
                    ? await InputsAsync(group.Name, topic, progress, objections, cancellation)
                    : await CopiesAsync(topic, since, takeOver, objections, cancellation));
            }
        }

        if (takeOver is not null)
        {
            // Which of them its fleets had processed nobody knows: all of them are taken for processed.
            foreach (var range in planned.Where(r => r.Partition.Topic == Topics.Orders.Name))
            {
                committed[("orders", range.Partition)] = range.End;
            }
        }

        planned.AddRange(await FactsAsync(commit, since, takeOver, objections, cancellation));
        foreach (var topic in new[] { Topics.Catalog, Topics.Partners })
        {
            planned.AddRange((await ranges.BoundsAsync(topic, cancellation)).Select(
                b => new PlannedRange(b.Key, b.Value.First, b.Value.First, b.Value.Next)));
        }

        return new(commit, await NamedAsync(cancellation), since, progress, committed, planned, objections) { TakeOver = takeOver };
    }

    private async Task<(long, DateTimeOffset?, Dictionary<(string Group, PartitionKey Partition), long>)> ReadDatabaseAsync(
        CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new("SET enable_seqscan = on"),
                // A run that was interrupted has written already: where it began is noted.
                new(
                    """
                    SELECT c.n, CASE WHEN r.one THEN r.since
                        ELSE (SELECT max(mt_last_modified) FROM shop.mt_doc_paymentsaga) END
                    FROM shop.commit_no c LEFT JOIN shop.recovery r ON r.commit_no = c.n
                    """),
                new("SELECT grp, topic, partition, next_offset FROM shop.progress"),
                new("SET enable_seqscan = off"),
            },
            Timeout = 0,
        };
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        var commit = reader.GetInt64(0);
        DateTimeOffset? since = await reader.IsDBNullAsync(1, cancellation)
            ? null
            : await reader.GetFieldValueAsync<DateTimeOffset>(1, cancellation);
        await reader.NextResultAsync(cancellation);
        var progress = new Dictionary<(string, PartitionKey), long>();
        while (await reader.ReadAsync(cancellation))
        {
            progress[(reader.GetString(0), new(reader.GetString(1), reader.GetInt32(2)))] = reader.GetInt64(3);
        }

        return (commit, since, progress);
    }

    private async Task<IEnumerable<PlannedRange>> CopiesAsync(
        Topic topic, DateTimeOffset? since, TakeOver takeOver, List<string> objections, CancellationToken cancellation)
    {
        var bounds = await ranges.BoundsAsync(topic, cancellation);
        var starts = since is { } moment
            ? await ranges.OffsetsAtAsync(topic, moment - ClockMargin, cancellation)
            : bounds.ToDictionary(b => b.Key, b => b.Value.First);
        objections.AddRange(bounds.OrderBy(b => b.Key).Select(b => CopiedHistory.TooOld(
            $"{takeOver.Log}{b.Key.Topic}[{b.Key.Partition}]", b.Value.First, since - ClockMargin, takeOver)).OfType<string>());
        return bounds.OrderBy(b => b.Key).Select(b => new PlannedRange(
            b.Key, b.Value.First, Math.Max(b.Value.First, starts.GetValueOrDefault(b.Key)), b.Value.Next));
    }

    /// <summary>Inputs are read from where the database has processed them.</summary>
    private async Task<List<PlannedRange>> InputsAsync(
        string group, Topic topic, Dictionary<(string Group, PartitionKey Partition), long> progress, List<string> objections,
        CancellationToken cancellation)
    {
        var planned = new List<PlannedRange>();
        foreach (var (partition, (first, next)) in (await ranges.BoundsAsync(topic, cancellation)).OrderBy(b => b.Key))
        {
            var from = progress.GetValueOrDefault((group, partition));
            planned.Add(new(partition, first, from, next));
            if (first > from)
            {
                objections.Add(Text(
                    $"{partition.Topic}[{partition.Partition}] is kept from offset {first} on, the database has processed it up to {from}."));
            }
            else if (from > next)
            {
                objections.Add(Text(
                    $"{partition.Topic}[{partition.Partition}] ends at {next}, the database has processed it up to {from}: here Kafka is the older one."));
            }
        }

        return planned;
    }

    /// <summary>
    /// Snapshots carry the commit that sent them; whatever the database lacks was appended after it was backed up. Where
    /// older ones were trimmed, the first that is kept must be one that the database has.
    /// </summary>
    private async Task<List<PlannedRange>> FactsAsync(
        long commit, DateTimeOffset? since, TakeOver? takeOver, List<string> objections, CancellationToken cancellation)
    {
        var bounds = await ranges.BoundsAsync(Topics.SagaFacts, cancellation);
        var starts = since is { } moment
            ? await ranges.OffsetsAtAsync(Topics.SagaFacts, moment - ClockMargin, cancellation)
            : bounds.ToDictionary(b => b.Key, b => b.Value.First);
        foreach (var (partition, (first, next)) in bounds.OrderBy(b => b.Key))
        {
            var kept = first == next
                ? []
                : await ranges.ReadAsync(
                    new Dictionary<PartitionKey, long> { [partition] = first }, 1, Patience, cancellation);
            if (takeOver is not null)
            {
                // Of copies the first may be of a record that is not.
                FirstCopy? copy = kept.Count == 0 ? null : new(kept[0].Commit, kept[0].Mirrored);
                objections.AddRange(new[] { CopiedHistory.Objection(partition, first, copy, commit, since - ClockMargin, takeOver) }.OfType<string>());
                continue;
            }

            // A region that lives on in copies: its database has grown out of them.
            var isWhole = first == 0 && (kept.Count == 0 || kept[0].Mirrored is null or 0);
            if (!isWhole && (kept.Count == 0 ? commit == 0 : kept[0].Commit > commit))
            {
                objections.Add(Text(
                    $"{partition.Topic}[{partition.Partition}] is kept from offset {first} on, which is newer than the database (commit {commit})."));
            }
        }

        return [.. bounds.OrderBy(b => b.Key).Select(b => new PlannedRange(
            b.Key, b.Value.First, Math.Max(b.Value.First, starts.GetValueOrDefault(b.Key)), b.Value.Next))];
    }

    private async Task<long> NamedAsync(CancellationToken cancellation)
    {
        var named = 0L;
        foreach (var topic in new[] { Topics.SagaFacts, Topics.Deliveries })
        {
            var tail = await log.TailAsync(topic, TailRecords, cancellation);
            named = Math.Max(named, tail.Count == 0 ? 0 : tail.Max(r => r.Commit));
        }

        return named;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
