using System.Diagnostics;
using CardShop.Contracts;
using CardShop.Tests.Bench.Machine;
using NpgsqlTypes;

namespace CardShop.Tests.Bench.Pipeline;

/// <summary>What emptying a queue of orders came to.</summary>
/// <param name="CpuMs">CPU milliseconds, by process tree.</param>
/// <param name="Commits">Transactions of batches; four messages per order make the size of a batch.</param>
/// <param name="LongestPause">The longest time without a commit: what it holds beyond a batch's own time is a stall.</param>
/// <param name="Others">Processors that something else kept busy meanwhile; the bench's own polling is in it.</param>
internal sealed record Drained(int Orders, TimeSpan Time, IReadOnlyDictionary<string, double> CpuMs, double Others, long Commits, TimeSpan LongestPause)
{
    /// <summary>From the fleets' start, in a process that runs, to their first commit.</summary>
    public TimeSpan Start { get; init; }

    /// <summary>When half of the orders had their keys.</summary>
    public TimeSpan Half { get; init; }

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
    private const int LeastPerSecond = 400;
    private const int VerifiedAtOnce = 20_000;
    private static readonly TimeSpan DrainLimit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan WaitForStart = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan WaitForEnd = TimeSpan.FromMilliseconds(20);

    public async Task<Drained> RunAsync(OrderFeed feed, int count, CancellationToken cancellation)
    {
        await servers.ExecuteAsync("CHECKPOINT", cancellation);
        var orders = feed.Make(count);
        await feed.QueueAsync(orders, cancellation);
        return await EmptyAsync(feed, [.. orders.Select(o => o.OrderId)], cancellation);
    }

    /// <summary>The same where the orders are queued already.</summary>
    public async Task<Drained> EmptyAsync(OrderFeed feed, IReadOnlyList<string> orders, CancellationToken cancellation)
    {
        var count = orders.Count;
        var events = await EventsAsync(cancellation);
        var before = await StateAsync(feed, cancellation);
        var meter = new CpuMeter([("fleet", fleet.ProcessId), .. servers.Processes]);
        await CpuMeter.WaitForIdleAsync(fleet.ProcessId, TimeSpan.FromSeconds(5), cancellation);
        var starting = Stopwatch.GetTimestamp();
        await fleet.StartAsync(cancellation);
        await UntilAsync(
            async () => (await StateAsync(feed, cancellation)).Commits > before.Commits, WaitForStart, StartLimit,
            () => "the fleets commit a first batch");
        var start = Stopwatch.GetElapsedTime(starting);
        var from = Stopwatch.GetTimestamp();
        var cpu = meter.Read();
        var busy = OtherLoad.BusyMs();
        var state = before;
        var half = TimeSpan.Zero;
        var pauses = new Pauses();
        var waits = new WaitSampler(servers);
        await UntilAsync(
            async () =>
            {
                state = await StateAsync(feed, cancellation);
                pauses.See(state.Commits);
                await waits.SampleAsync(cancellation);
                var sold = state.Sold - before.Sold;
                half = half == TimeSpan.Zero && sold >= count / 2 ? Stopwatch.GetElapsedTime(from) : half;
                return sold >= count && state.Unsent == 0;
            },
            WaitForEnd, LimitOf(count),
            () => $"all {count} orders are delivered: {state.Sold - before.Sold} are, {state.Unsent} rows unsent");
        var time = Stopwatch.GetElapsedTime(from);
        var used = CpuMeter.Between(cpu, meter.Read());
        var others = OtherLoad.Processors(OtherLoad.BusyMs() - busy, used.Values.Sum(), time);
        foreach (var line in waits.Lines())
        {
            run.Say(line);
        }

        await fleet.CheckAsync(cancellation);
        await fleet.StopAsync(cancellation);
        await VerifyAsync(feed, orders, await EventsAsync(cancellation) - events, cancellation);
        return new(count, time, used, others, state.Commits - before.Commits, pauses.Longest) { Start = start, Half = half };
    }

    /// <summary>Slower than this is not a speed.</summary>
    private static TimeSpan LimitOf(int count) => DrainLimit + TimeSpan.FromSeconds(count / LeastPerSecond);

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

    /// <summary>A fast pipeline that delivers wrongly has no speed. Asks for these orders alone, whatever else is stored.</summary>
    private async Task VerifyAsync(OrderFeed feed, IReadOnlyList<string> orders, long events, CancellationToken cancellation)
    {
        var found = new long[5];
        foreach (var ids in orders.Chunk(VerifiedAtOnce))
        {
            await using var command = servers.Database.CreateCommand(
                """
                SELECT count(*) FILTER (WHERE d.data ->> 'status' = 'delivered'), count(DISTINCT k.order_id), count(k.id),
                    (SELECT count(*) FROM shop.stock WHERE sku >= $2 AND sku < $3 AND (reserved > 0 OR held > 0)),
                    (SELECT count(*) FROM shop.parked)
                FROM shop.mt_doc_deliverysaga d
                LEFT JOIN shop.card_keys k ON k.id = (d.data #>> '{keys,0}')::uuid AND k.order_id = d.id AND k.status = 'sold'
                WHERE d.id = ANY($1)
                """);
            command.Parameters.Add(new() { Value = ids, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar });
            command.Parameters.Add(new() { Value = feed.Prefix + "-" });
            command.Parameters.Add(new() { Value = feed.Prefix + "." });
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            await reader.ReadAsync(cancellation);
            for (var i = 0; i < found.Length; i++)
            {
                found[i] = i < 3 ? found[i] + reader.GetInt64(i) : reader.GetInt64(i);
            }
        }

        if (!found.Append(events).SequenceEqual([orders.Count, orders.Count, orders.Count, 0, 0, orders.Count]))
        {
            throw new BenchFailedException(
                $"{orders.Count} orders came to {found[0]} delivered, {found[1]} orders with keys, {found[2]} keys, " +
                $"{found[3]} products still reserved, {found[4]} parked, {events} events.");
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
