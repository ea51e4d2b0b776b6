using System.Diagnostics;
using CardShop.Contracts;
using CardShop.Tests.Bench.Machine;

namespace CardShop.Tests.Bench.Pipeline;

/// <summary>What emptying a queue of orders came to.</summary>
/// <param name="CpuMs">CPU milliseconds, by process tree.</param>
/// <param name="Commits">Transactions of batches; four messages per order make the size of a batch.</param>
/// <param name="LongestPause">The longest time without a commit: what it holds beyond a batch's own time is a stall.</param>
/// <param name="Others">Processors that something else kept busy meanwhile; the bench's own polling is in it.</param>
internal sealed record Drained(int Orders, TimeSpan Time, IReadOnlyDictionary<string, double> CpuMs, double Others, long Commits, TimeSpan LongestPause)
{
    public double PerSecond => Orders / Time.TotalSeconds;

    public double CpuMsPerOrder => CpuMs.Values.Sum() / Orders;

    public string CpuText => string.Join(", ", CpuMs.Select(c => $"{c.Key} {c.Value / Orders:0.000}"));
}

/// <summary>
/// Queues orders while the fleets stand still, starts them, and measures from their first commit until every order's keys
/// are sold and the outbox is empty. Joining the groups and the fence's first check are start-up, and not measured.
/// </summary>
internal sealed class Drain(BenchRun run, ShopServers servers, FleetClient fleet)
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan DrainLimit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan WaitForStart = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan WaitForEnd = TimeSpan.FromMilliseconds(20);

    public async Task<Drained> RunAsync(OrderFeed feed, int count, CancellationToken cancellation)
    {
        await servers.ExecuteAsync("CHECKPOINT", cancellation);
        await feed.QueueAsync(feed.Make(count), cancellation);
        var events = await EventsAsync(cancellation);
        var before = await StateAsync(feed, cancellation);
        var meter = new CpuMeter([("fleet", fleet.ProcessId), .. servers.Processes]);
        await CpuMeter.WaitForIdleAsync(fleet.ProcessId, TimeSpan.FromSeconds(5), cancellation);
        await fleet.StartAsync(cancellation);
        await UntilAsync(
            async () => (await StateAsync(feed, cancellation)).Commits > before.Commits, WaitForStart, StartLimit,
            () => "the fleets commit a first batch");
        var from = Stopwatch.GetTimestamp();
        var cpu = meter.Read();
        var busy = OtherLoad.BusyMs();
        var state = before;
        var pauses = new Pauses();
        var waits = new WaitSampler(servers);
        await UntilAsync(
            async () =>
            {
                state = await StateAsync(feed, cancellation);
                pauses.See(state.Commits);
                await waits.SampleAsync(cancellation);
                return state.Sold >= count && state.Unsent == 0;
            },
            WaitForEnd, DrainLimit, () => $"all {count} orders are delivered: {state.Sold} are, {state.Unsent} rows unsent");
        var time = Stopwatch.GetElapsedTime(from);
        var used = CpuMeter.Between(cpu, meter.Read());
        var others = OtherLoad.Processors(OtherLoad.BusyMs() - busy, used.Values.Sum(), time);
        foreach (var line in waits.Lines())
        {
            run.Say(line);
        }

        await fleet.CheckAsync(cancellation);
        await fleet.StopAsync(cancellation);
        await VerifyAsync(feed, count, await EventsAsync(cancellation) - events, cancellation);
        return new(count, time, used, others, state.Commits - before.Commits, pauses.Longest);
    }

    private async Task UntilAsync(Func<Task<bool>> fact, TimeSpan every, TimeSpan limit, Func<string> what)
    {
        var from = Stopwatch.GetTimestamp();
        while (!await fact())
        {
            if (Stopwatch.GetElapsedTime(from) > limit)
            {
                await fleet.CheckAsync(CancellationToken.None);
                throw new BenchFailedException($"It took longer than {limit.TotalSeconds} s that {what()}. See {fleet.LogPath}");
            }

            await Task.Delay(every);
        }
    }

    private async Task<(long Commits, long Sold, long Unsent)> StateAsync(OrderFeed feed, CancellationToken cancellation)
    {
        await using var command = servers.Database.CreateCommand(
            """
            SELECT (SELECT n FROM shop.commit_no),
                (SELECT coalesce(sum(sold), 0)::bigint FROM shop.stock WHERE sku >= $1 AND sku < $2),
                (SELECT count(*) FROM shop.outbox)
            """);
        command.Parameters.Add(new() { Value = feed.Prefix + "-" });
        command.Parameters.Add(new() { Value = feed.Prefix + "." });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        return (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2));
    }

    /// <summary>How many events partners have been sent.</summary>
    private async Task<long> EventsAsync(CancellationToken cancellation) =>
        (await servers.Log.EndsAsync([Topics.Deliveries], cancellation)).Values.Sum();

    /// <summary>A fast pipeline that delivers wrongly has no speed.</summary>
    private async Task VerifyAsync(OrderFeed feed, int count, long events, CancellationToken cancellation)
    {
        await using var command = servers.Database.CreateCommand(
            """
            SELECT (SELECT count(*) FROM shop.mt_doc_deliverysaga
                    WHERE data ->> 'status' = 'delivered' AND starts_with(data ->> 'sku', $1)),
                (SELECT count(DISTINCT order_id) FROM shop.card_keys WHERE status = 'sold' AND starts_with(sku, $1)),
                (SELECT count(*) FROM shop.card_keys WHERE status = 'sold' AND starts_with(sku, $1)),
                (SELECT count(*) FROM shop.stock WHERE starts_with(sku, $1) AND (reserved > 0 OR held > 0)),
                (SELECT count(*) FROM shop.parked)
            """);
        command.Parameters.Add(new() { Value = feed.Prefix + "-" });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        long[] found = [.. Enumerable.Range(0, 5).Select(reader.GetInt64), events];
        if (!found.SequenceEqual([count, count, count, 0, 0, count]))
        {
            throw new BenchFailedException(
                $"{count} orders came to {found[0]} delivered, {found[1]} orders with keys, {found[2]} keys, " +
                $"{found[3]} products still reserved, {found[4]} parked, {found[5]} events.");
        }
    }

    private sealed class Pauses
    {
        private long _last = -1;
        private long _since;

        public TimeSpan Longest { get; private set; }

        public void See(long commits)
        {
            var pause = Stopwatch.GetElapsedTime(_since);
            if (_last >= 0 && pause > Longest)
            {
                Longest = pause;
            }

            if (commits != _last)
            {
                _last = commits;
                _since = Stopwatch.GetTimestamp();
            }
        }
    }
}
