using System.Collections.Concurrent;
using CardShop.Shopctl.Preflight;
using CardShop.Shopctl.Settings;

namespace CardShop.Shopctl.Verify;

/// <summary>
/// A short load with hard limits: reads by eight at a time, orders of the test product at a fixed gap. It shows whether
/// answers are in time, not how much the installation can bear.
/// </summary>
/// <param name="real">Payments are real: hardly any order is placed, as each opens a trade at the provider.</param>
internal sealed class LoadChecks(VerifyClient client, TestOrders orders, bool real, TimeProvider time)
{
    private const int Readers = 8;
    private const int MaxReads = 3_000;
    private const int MaxOrders = 100;
    private const int MaxRealOrders = 3;
    private const double ReadTargetMs = 200;
    private const double OrderTargetMs = 500;
    private static readonly TimeSpan OrderGap = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentBag<TestOrder> _placed = [];

    /// <param name="known">An order that can be looked at; null: only the catalog is read.</param>
    public async Task<IReadOnlyList<CheckResult>> RunAsync(TimeSpan span, TestOrder? known, CancellationToken cancellation)
    {
        var catalog = await ReadAsync(
            "the catalog", span / 3, () => client.SendAsync(HttpMethod.Get, "/v1/products", cancellation), cancellation);
        var shown = known is null
            ? null
            : await ReadAsync("an order's status", span / 3, () => orders.ShowAsync(known, cancellation), cancellation);
        var placed = await PlaceAsync(span / 3, cancellation);
        await CancelAllAsync(cancellation);
        return
        [
            LoadRules.Judge(catalog, ReadTargetMs),
            .. shown is null ? (CheckResult[])[] : [LoadRules.Judge(shown, ReadTargetMs)],
            LoadRules.Judge(placed, OrderTargetMs),
        ];
    }

    private async Task<LoadFacts> ReadAsync(
        string name, TimeSpan span, Func<Task<HttpAnswer>> ask, CancellationToken cancellation)
    {
        var tally = new Tally();
        var started = time.GetTimestamp();
        var left = MaxReads;
        await Task.WhenAll(Enumerable.Range(0, Readers).Select(async _ =>
        {
            while (time.GetElapsedTime(started) < span && Interlocked.Decrement(ref left) >= 0)
            {
                cancellation.ThrowIfCancellationRequested();
                await tally.AddAsync(ask);
            }
        }));
        return tally.Facts(name, time.GetElapsedTime(started));
    }

    private async Task<LoadFacts> PlaceAsync(TimeSpan span, CancellationToken cancellation)
    {
        var tally = new Tally();
        var started = time.GetTimestamp();
        var under = new List<Task>();
        for (var i = 0; i < (real ? MaxRealOrders : MaxOrders) && time.GetElapsedTime(started) < span; i++)
        {
            under.Add(PlaceOneAsync(tally, cancellation));
            await Task.Delay(OrderGap, time, cancellation);
        }

        await Task.WhenAll(under);
        return tally.Facts("placing an order", time.GetElapsedTime(started));
    }

    private async Task PlaceOneAsync(Tally tally, CancellationToken cancellation)
    {
        var answer = await tally.AddAsync(() => orders.PostAsync(orders.NewBody(), TestOrders.NewKey(), cancellation));
        if (answer is not null && TestOrders.Read(answer) is { } order)
        {
            _placed.Add(order);
        }
    }

    /// <summary>What is not cancelled now expires by itself within a minute.</summary>
    private async Task CancelAllAsync(CancellationToken cancellation)
    {
        foreach (var order in _placed)
        {
            await orders.CancelAsync(order, cancellation);
        }
    }

    private sealed class Tally
    {
        private readonly ConcurrentBag<double> _took = [];
        private int _failed;
        private int _limited;

        public async Task<HttpAnswer?> AddAsync(Func<Task<HttpAnswer>> ask)
        {
            try
            {
                var answer = await ask();
                if (answer.Status == 429)
                {
                    Interlocked.Increment(ref _limited);
                }
                else if (answer.Status >= 500)
                {
                    Interlocked.Increment(ref _failed);
                }
                else
                {
                    _took.Add(answer.Took.TotalMilliseconds);
                }

                return answer;
            }
            catch (ShopctlException)
            {
                Interlocked.Increment(ref _failed);
                return null;
            }
        }

        public LoadFacts Facts(string name, TimeSpan lasted) => new(name, [.. _took], _failed, _limited, lasted);
    }
}
