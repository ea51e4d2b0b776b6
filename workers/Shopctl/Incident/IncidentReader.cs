using System.Globalization;
using CardShop.Contracts;
using CardShop.Pipeline.Log;
using CardShop.Shopctl.Servers;
using Npgsql;

namespace CardShop.Shopctl.Incident;

/// <summary>Reads the records of the span, some thousands at a time, and what PostgreSQL can add.</summary>
internal sealed class IncidentReader(ShopServers servers, ILogRanges ranges, IncidentTally tally)
{
    private const int AtOnce = 20_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly Topic[] Read =
    [
        Topics.Audit, Topics.DeadLetters, Topics.Channels, Topics.SagaFacts, Topics.Deliveries, Topics.Orders,
        Topics.PaymentNotifications,
    ];

    /// <param name="progress">Called with the part that is done, and where it is.</param>
    public async Task LogAsync(Action<double, string> progress, CancellationToken cancellation)
    {
        var todo = new List<(Topic Topic, Dictionary<PartitionKey, long> Positions, IReadOnlyDictionary<PartitionKey, long> Ends)>();
        foreach (var topic in Read)
        {
            var starts = await ranges.OffsetsAtAsync(topic, tally.Span.From, cancellation);
            var ends = await ranges.OffsetsAtAsync(topic, tally.Span.To, cancellation);
            todo.Add((topic, starts.Where(s => s.Value < ends[s.Key]).ToDictionary(), ends));
        }

        var all = Math.Max(1, todo.Sum(t => t.Positions.Sum(p => t.Ends[p.Key] - p.Value)));
        long done = 0;
        foreach (var (topic, positions, ends) in todo)
        {
            done += await TopicAsync(topic, positions, ends, n => progress((double)(done + n) / all, topic.Name), cancellation);
        }
    }

    private async Task<long> TopicAsync(
        Topic topic, Dictionary<PartitionKey, long> positions, IReadOnlyDictionary<PartitionKey, long> ends,
        Action<long> progress, CancellationToken cancellation)
    {
        long read = 0;
        while (positions.Count > 0)
        {
            var started = servers.Time.GetTimestamp();
            IReadOnlyList<Pipeline.Batches.LogIncoming> records;
            try
            {
                records = await ranges.ReadAsync(positions, AtOnce, Patience, cancellation);
            }
            catch (TrimmedException e)
            {
                tally.Notes.Add($"{topic.Name}: a part of the span is trimmed away ({e.Message}).");
                return read;
            }

            foreach (var record in records)
            {
                if (positions.TryGetValue(record.Partition, out _) && record.Offset < ends[record.Partition])
                {
                    tally.Take(record);
                    read++;
                }

                if (record.Offset + 1 >= ends[record.Partition])
                {
                    positions.Remove(record.Partition);
                }
                else if (positions.ContainsKey(record.Partition))
                {
                    positions[record.Partition] = record.Offset + 1;
                }
            }

            progress(read);
            // Fewer than asked for, before the time was over: every partition was read to its end.
            if (records.Count < AtOnce && servers.Time.GetElapsedTime(started) < Patience)
            {
                break;
            }
        }

        return read;
    }

    /// <summary>Mails and webhooks that were given up, and a restart of PostgreSQL. What is away is noted, not fatal.</summary>
    public async Task DatabaseAsync(CancellationToken cancellation)
    {
        try
        {
            await servers.RequireDatabaseAsync(cancellation);
            await using var command = servers.Database.CreateCommand(
                """
                SELECT 'mail given up', settled_at, order_id, last_error FROM (
                    SELECT settled_at, order_id, last_error FROM shop.mails
                    WHERE state = 'failed' AND settled_at >= $1 AND settled_at < $2 ORDER BY settled_at LIMIT 1000) m
                UNION ALL
                SELECT 'webhook fails', failing_since, partner, last_error FROM shop.webhooks
                WHERE failing_since >= $1 AND failing_since < $2
                UNION ALL
                SELECT 'restart', pg_postmaster_start_time(), 'PostgreSQL', NULL
                WHERE pg_postmaster_start_time() >= $1 AND pg_postmaster_start_time() < $2
                """);
            command.Parameters.Add(new() { Value = tally.Span.From.ToUniversalTime() });
            command.Parameters.Add(new() { Value = tally.Span.To.ToUniversalTime() });
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                var error = await reader.IsDBNullAsync(3, cancellation) ? string.Empty : ": " + reader.GetString(3);
                tally.Event(
                    await reader.GetFieldValueAsync<DateTimeOffset>(1, cancellation), reader.GetString(0),
                    reader.GetString(2) + error);
            }
        }
        catch (Exception e) when (e is Settings.ShopctlException or NpgsqlException)
        {
            tally.Notes.Add(string.Create(
                CultureInfo.InvariantCulture, $"PostgreSQL was not asked for mails, webhooks and restarts: {e.Message}"));
        }
    }
}
