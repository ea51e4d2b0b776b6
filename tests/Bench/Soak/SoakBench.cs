using System.Diagnostics;
using System.Globalization;
using CardShop.Tests.Bench.Machine;
using CardShop.Tests.Bench.Pipeline;
using CardShop.Tests.Bench.Report;

namespace CardShop.Tests.Bench.Soak;

/// <summary>
/// The memory of the API and of each fleet while orders come over HTTP at a steady rate and are paid at once: the most that
/// each held, and whether it grows. Every order must have been delivered at the end.
/// </summary>
internal static class SoakBench
{
    private const int Products = 20;

    /// <summary>Warming up takes this part of a run: the runtime compiles, heaps and buffers reach their size.</summary>
    private const int WarmUpPart = 6;

    public static async Task<IReadOnlyList<BenchResult>> RunAsync(BenchRun run, CancellationToken cancellation)
    {
        await using var servers = await ShopServers.StartAsync(run, cancellation);
        var feed = new OrderFeed(servers, "SOAK", Products);
        var shop = await SoakShop.StartAsync(run, servers, feed, (int)(run.Rate * run.Duration.TotalSeconds), cancellation);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = 256 })
        {
            BaseAddress = shop.Api,
            Timeout = TimeSpan.FromSeconds(30),
        };
        await OnSale.UntilAsync(http, Products, cancellation);

        run.Say(Text($"{run.Rate} orders/s for {Figures.Time(run.Duration)}"));
        var buyers = new SoakBuyers(http, feed);
        await using var memory = new MemoryWatch(shop.Watched);
        var meter = new CpuMeter(shop.All);
        var before = meter.Read();
        var from = Stopwatch.GetTimestamp();
        var deliveredInTime = 0L;
        try
        {
            await buyers.RunAsync(
                run.Rate, run.Duration, () => run.Say(Text($"{buyers.Accepted} accepted, {buyers.Delivered} delivered; {memory.Now()}")),
                () => deliveredInTime = buyers.Delivered, cancellation);
        }
        finally
        {
            // The picture of a run that failed says more than its last line.
            await memory.StopAsync();
            run.Show(Picture(run, shop, memory));
        }

        var time = Stopwatch.GetElapsedTime(from);
        var used = CpuMeter.Between(before, meter.Read());
        await VerifyAsync(servers, buyers.Accepted, cancellation);
        run.Note(Text($"{buyers.Accepted} orders in {Figures.Time(time)}, all delivered, {deliveredInTime} of them when the last one was placed"));
        run.Note("CPU ms/order: " + string.Join(", ", used.Select(c => Text($"{c.Key} {c.Value / buyers.Accepted:0.00}"))));
        return Results(run, shop, memory);
    }

    private static List<BenchResult> Results(BenchRun run, SoakShop shop, MemoryWatch memory)
    {
        var warmUp = run.Duration / WarmUpPart;
        var results = new List<BenchResult>();
        var (drift, slope) = (double.MinValue, double.MinValue);
        foreach (var (name, _) in shop.Watched)
        {
            var samples = memory.Of(name);
            var most = samples.MaxBy(s => s.Resident)!;
            var (itsDrift, itsSlope) = (MemoryTrend.Drift(samples, warmUp), MemoryTrend.SlopePerHour(samples));
            run.Note(Text(
                $"{name}: most {most.Resident:0} MB (anonymous {most.Anonymous:0}, files {most.Files:0}, shared {most.Shared:0}), at the end {samples[^1].Resident:0}; last fifth against first {itsDrift:+0.0;-0.0;0} MB, second half {itsSlope:+0;-0;0} MB/h"));
            results.Add(BenchResult.Of("soak.memory." + name, most.Resident, "MB", 0));
            (drift, slope) = (Math.Max(drift, itsDrift), Math.Max(slope, itsSlope));
        }

        results.Add(BenchResult.Of("soak.drift", drift, "MB", 0));
        results.Add(BenchResult.Of("soak.slope", slope, "MB/h", 0));
        return results;
    }

    private static BenchPicture Picture(BenchRun run, SoakShop shop, MemoryWatch memory) => new(
        "memory.svg", "Resident memory of the API and of each fleet over the run",
        LinesPicture.Draw(
            "Resident memory over the run", Text($"{run.Rate} orders/s over HTTP, paid at once, for {Figures.Time(run.Duration)}"), "MB",
            [.. shop.Watched.Select(w => new PictureLine(w.Name, [.. memory.Of(w.Name).Select(s => (s.At.TotalSeconds, s.Resident))]))],
            [(200, "asked of the API: 200 MB"), (250, "asked of each fleet: 250 MB")]));

    /// <summary>What buyers saw is what the database has: each order delivered, one key each, nothing left to send.</summary>
    private static async Task VerifyAsync(ShopServers servers, long orders, CancellationToken cancellation)
    {
        await using var command = servers.Database.CreateCommand(
            """
            SELECT (SELECT count(*) FROM shop.mt_doc_deliverysaga WHERE data ->> 'status' = 'delivered'),
                (SELECT count(DISTINCT order_id) FROM shop.card_keys WHERE status = 'sold'),
                (SELECT count(*) FROM shop.card_keys WHERE status = 'sold'),
                (SELECT count(*) FROM shop.parked)
            """);
        command.CommandTimeout = 120;
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        long[] found = [.. Enumerable.Range(0, 4).Select(reader.GetInt64)];
        if (!found.SequenceEqual([orders, orders, orders, 0]))
        {
            throw new BenchFailedException(Text(
                $"{orders} orders were accepted; {found[0]} are delivered, {found[1]} have keys, {found[2]} keys are sold, {found[3]} are parked."));
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
