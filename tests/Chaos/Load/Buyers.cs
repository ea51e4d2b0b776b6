using System.Globalization;
using CardShop.Tests.Chaos.Shop;

namespace CardShop.Tests.Chaos.Load;

/// <summary>
/// Buyers at a steady rate, whatever the shop does (an open loop); each orders, looks at the order's page, and pays,
/// cancels or goes away as its plan says.
/// </summary>
public sealed class Buyers(BuyerClient client, LoadMeter meter, IReadOnlyList<Good> goods, int seed, int rate)
{
    /// <summary>Orders being placed at once; beyond it buyers are turned away at the door.</summary>
    private const int MostPlacing = 4_000;

    private static readonly TimeSpan FirstLook = TimeSpan.FromMilliseconds(1_200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    private readonly List<BuyerOrder> _orders = [];
    private readonly Lock _lock = new();
    private int _placing;
    private int _unfinished;
    private int _settled;

    /// <summary>Buyers who still do something.</summary>
    public int Unfinished => Volatile.Read(ref _unfinished);

    /// <summary>Accepted orders of which their buyers have seen the end.</summary>
    public int Settled => Volatile.Read(ref _settled);

    /// <summary>All orders so far, as their buyers lived them.</summary>
    public IReadOnlyList<BuyerOrder> Orders
    {
        get
        {
            lock (_lock)
            {
                return [.. _orders];
            }
        }
    }

    /// <summary>Sends buyers until <paramref name="duration"/> is over.</summary>
    /// <param name="cancellation">Ends everything, also those who still wait for their goods.</param>
    public async Task RunAsync(TimeSpan duration, CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        for (var number = 0; ;)
        {
            await timer.WaitForNextTickAsync(cancellation);
            var now = meter.Now;
            if (now >= duration)
            {
                return;
            }

            for (; number < now.TotalSeconds * rate; number++)
            {
                var due = TimeSpan.FromSeconds((double)number / rate);
                var order = new BuyerOrder(number, BuyerPlan.Of(seed, number, goods));
                lock (_lock)
                {
                    _orders.Add(order);
                }

                if (Volatile.Read(ref _placing) >= MostPlacing)
                {
                    meter.TurnAway(due);
                    order.Note(now, "turned away: too many orders are being placed");
                    order.IsDone = true;
                    continue;
                }

                Interlocked.Increment(ref _placing);
                _ = LiveAsync(order, due, cancellation);
            }
        }
    }

    private async Task LiveAsync(BuyerOrder order, TimeSpan due, CancellationToken cancellation)
    {
        Interlocked.Increment(ref _unfinished);
        try
        {
            await Task.Yield();
            if (await PlaceAsync(order, due, cancellation))
            {
                await FollowAsync(order, cancellation);
            }

            order.IsDone = true;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The end of the run.
        }
        finally
        {
            Interlocked.Decrement(ref _unfinished);
        }
    }

    private async Task<bool> PlaceAsync(BuyerOrder order, TimeSpan due, CancellationToken cancellation)
    {
        var key = string.Create(CultureInfo.InvariantCulture, $"chaos-{seed:x8}-{order.Number:D8}");
        try
        {
            var (how, atOnce) = await client.PlaceAsync(order, key, due, cancellation);
            if (how == Placing.Accepted)
            {
                meter.Accept(due, atOnce);
            }
            else if (how == Placing.TurnedAway)
            {
                meter.TurnAway(due);
            }

            if (how == Placing.Accepted && order.Plan.Kind == BuyerKind.Repeats)
            {
                await client.PlaceAsync(order, key, meter.Now, cancellation);
            }

            return how == Placing.Accepted;
        }
        finally
        {
            Interlocked.Decrement(ref _placing);
        }
    }

    private async Task FollowAsync(BuyerOrder order, CancellationToken cancellation)
    {
        var page = await UntilAsync(order, p => p.Number is not null || IsFinal(p.Status), cancellation);
        if (page.Number is not { } number)
        {
            Settle(order);
            return;
        }

        await Task.Delay(order.Plan.ThinkMs, cancellation);
        switch (order.Plan.Kind)
        {
            case BuyerKind.Pays or BuyerKind.Repeats:
                await PayAsync(order, number, late: false, cancellation);
                break;
            case BuyerKind.GoesAway:
                break;
            case BuyerKind.Cancels:
                await CancelAsync(order, cancellation);
                break;
            case BuyerKind.PaysAndCancels:
                await Task.WhenAll(PayAsync(order, number, late: false, cancellation), CancelAsync(order, cancellation));
                break;
            case BuyerKind.PaysLate:
                await UntilAsync(order, p => IsFinal(p.Status), cancellation);
                await PayAsync(order, number, late: true, cancellation);
                break;
            case BuyerKind.PaysTwice:
                await PayTwiceAsync(order, number, cancellation);
                break;
            default:
                throw new InvalidOperationException();
        }

        // What was paid late was final before: its second end is what the verdict looks at.
        if (order.Plan.Kind is not (BuyerKind.GoesAway or BuyerKind.PaysLate))
        {
            await UntilAsync(order, p => IsFinal(p.Status), cancellation);
        }

        Settle(order);
    }

    private async Task PayTwiceAsync(BuyerOrder order, string first, CancellationToken cancellation)
    {
        var other = order.Channel == "wechat" ? "alipay" : "wechat";
        while (!await client.SwitchAsync(order, other, cancellation))
        {
            await Task.Delay(LongestPause / 15, cancellation);
        }

        var page = await UntilAsync(order, p => p.Channel == other || IsFinal(p.Status), cancellation);
        if (page.Number is { } second)
        {
            await PayAsync(order, second, late: false, cancellation);
        }

        await PayAsync(order, first, late: true, cancellation);
    }

    private async Task PayAsync(BuyerOrder order, string number, bool late, CancellationToken cancellation)
    {
        while (true)
        {
            if (await client.PayAsync(number, late, cancellation) is { } paid)
            {
                order.Payments += paid ? 1 : 0;
                order.Note(meter.Now, $"pays {number}{(late ? " late" : "")}: {(paid ? "paid" : "cannot be paid any more")}");
                return;
            }

            await Task.Delay(LongestPause / 15, cancellation);
        }
    }

    private async Task CancelAsync(BuyerOrder order, CancellationToken cancellation)
    {
        while (!await client.CancelAsync(order, cancellation))
        {
            await Task.Delay(LongestPause / 15, cancellation);
        }

        order.Note(meter.Now, "cancelled");
    }

    /// <summary>Looks at the page, ever less often, until it shows what is waited for.</summary>
    private async Task<OrderPage> UntilAsync(BuyerOrder order, Func<OrderPage, bool> fact, CancellationToken cancellation)
    {
        var pause = FirstLook;
        while (true)
        {
            await Task.Delay(pause, cancellation);
            if (await client.ShowAsync(order, cancellation) is { } page)
            {
                Look(order, page);
                if (fact(page))
                {
                    return page;
                }
            }

            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    /// <summary>What was shown once must not be taken back.</summary>
    private void Look(BuyerOrder order, OrderPage page)
    {
        if (order.Keys is { } keys && !page.Degraded && (page.Keys is null || !page.Keys.SequenceEqual(keys)))
        {
            order.Wrong ??= $"2: other keys than before were shown, at {meter.Now}";
        }

        if (page.Status != order.Seen)
        {
            order.Note(meter.Now, $"sees {page.Status}{(page.Degraded ? " (degraded)" : "")}");
            order.Seen = page.Status;
        }

        order.Keys ??= page.Keys;
    }

    private void Settle(BuyerOrder order)
    {
        order.Note(meter.Now, "done");
        Interlocked.Increment(ref _settled);
    }

    private static bool IsFinal(string status) =>
        status is "delivered" or "sold-out" or "refused" or "expired" or "cancelled" or "refunded" or "review";
}
