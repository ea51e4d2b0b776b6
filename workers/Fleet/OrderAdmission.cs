using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Bus;
using CardShop.Shop.Stock;
using CardShop.Shop.Store;

namespace CardShop.Fleet;

/// <summary>
/// Lets the orders fleet take no more orders than the payments fleet can serve. An order's time to pay begins when its
/// attempt is opened: under load orders wait in Kafka, where their place is known and no time runs, and not in RabbitMQ,
/// where they would reach the provider with no time left. The same while RabbitMQ or the payments fleet is away.
/// </summary>
/// <param name="limit">Payment commands that may wait, over all channels.</param>
/// <param name="next">Told everything that this observer is told.</param>
public sealed class OrderAdmission(
    IBus bus, IReadOnlyCollection<string> channels, int limit, IBatchObserver next, TimeProvider time, Random random,
    ILogger<OrderAdmission> logger) : IBatchObserver
{
    /// <summary>How long an answer of RabbitMQ holds. In this time a fleet does not get through a queue at its limit.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromMilliseconds(250);

    /// <summary>Under load orders are held back for moments all the time: only what lasts is worth a line.</summary>
    private static readonly TimeSpan Noteworthy = TimeSpan.FromSeconds(10);

    private readonly string[] _queues = [.. channels.Select(Queues.Payments)];
    private readonly QueueShares _shares = new();
    private long? _asked;

    public void Committed(IReadOnlyList<Incoming> batch) => next.Committed(batch);

    public void Stock(IEnumerable<StockKey> changed) => next.Stock(changed);

    public void Saved(LoadedBatch before, SaveRequest after)
    {
        foreach (var (queue, commands) in after.Commands.CountBy(c => c.Queue))
        {
            if (_queues.Contains(queue))
            {
                _shares.Count(queue, commands);
            }
        }

        next.Saved(before, after);
    }

    /// <summary>Returns when another batch of orders may be taken.</summary>
    public async Task WaitAsync(CancellationToken cancellation)
    {
        if (_asked is { } asked && time.GetElapsedTime(asked) < Fresh)
        {
            return;
        }

        var backoff = new Backoff(time, random, Fresh / 2, Fresh);
        var (since, said) = (time.GetTimestamp(), false);
        while (await WhyNotAsync(cancellation) is { } reason)
        {
            if (!said && time.GetElapsedTime(since) >= Noteworthy)
            {
                said = true;
                FleetLog.OrdersHeld(logger, reason);
            }

            await backoff.WaitAsync(cancellation);
        }

        if (said)
        {
            FleetLog.OrdersTaken(logger, time.GetElapsedTime(since).TotalSeconds);
        }

        _asked = time.GetTimestamp();
    }

    private async Task<string?> WhyNotAsync(CancellationToken cancellation)
    {
        try
        {
            var depths = await bus.DepthsAsync(_queues, cancellation);
            return _shares.AreAllBehind(depths, limit)
                ? "commands wait for the payments fleet: " + string.Join(", ", depths.Select(d => $"{d.Key} {d.Value}"))
                : null;
        }
        catch (Exception e) when (Failures.IsPlace(e) && !cancellation.IsCancellationRequested)
        {
            return "RabbitMQ does not say how many payment commands wait: " + e.Message;
        }
    }
}
