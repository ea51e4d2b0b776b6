using System.Collections.Concurrent;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Shop.Orders;

namespace CardShop.Api.Orders;

/// <summary>What is known of a watched order.</summary>
/// <param name="Read">False until the database has been asked for the first time.</param>
/// <param name="Degraded">The database is away: <paramref name="Order"/> is what was last known.</param>
public sealed record WatchedState(StoredOrder? Order, bool Read, bool Degraded);

/// <summary>
/// Keeps the orders whose pages are open up to date: one statement for all of them, again and again, which returns those that
/// have changed. A quick one takes a twentieth of the time, a slow one a third: few pages show a key as soon as it is there, and
/// many cost the database no more statements than few.
/// </summary>
public sealed class OrderWatch(OrderReader? reader, TimeProvider time, ILogger<OrderWatch> logger) : BackgroundService
{
    /// <summary>Orders watched at once.</summary>
    public const int MaxOrders = 20_000;

    /// <summary>Between two statements, at the least and at the most.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(500);

    /// <summary>So many times as long as the last statement took.</summary>
    private const int Rest = 20;

    private const int RestOfSlow = 2;

    private readonly ConcurrentDictionary<string, Entry> _entries = new();
    private bool _isAway;

    /// <returns>To be disposed when the page closes; null when too many orders are watched already.</returns>
    public Lease? Watch(string orderId)
    {
        while (true)
        {
            if (_entries.TryGetValue(orderId, out var entry))
            {
                if (entry.TryEnter())
                {
                    return new(this, orderId, entry);
                }

                continue;
            }

            if (_entries.Count >= MaxOrders)
            {
                return null;
            }

            _entries.TryAdd(orderId, new());
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                var from = time.GetTimestamp();
                var isRead = await ReadAsync(stoppingToken);
                await Task.Delay(isRead ? Wait(time.GetElapsedTime(from)) : Longest, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process ends.
        }
    }

    /// <param name="taken">By the last statement.</param>
    internal static TimeSpan Wait(TimeSpan taken)
    {
        var ms = taken.TotalMilliseconds;
        return TimeSpan.FromMilliseconds(
            Math.Clamp(ms * Rest, Shortest.TotalMilliseconds, Math.Max(Longest.TotalMilliseconds, ms * RestOfSlow)));
    }

    /// <summary>Asks the database once for what has changed.</summary>
    /// <returns>False where it is away.</returns>
    private async Task<bool> ReadAsync(CancellationToken cancellation)
    {
        var known = _entries.ToArray();
        if (known.Length == 0)
        {
            return true;
        }

        try
        {
            if (reader is null)
            {
                throw new PlaceException("no database is configured");
            }

            var (changed, unreadable) = await reader.ReadChangedAsync(
                [.. known.Select(e => e.Value.Known(e.Key))], cancellation);
            _isAway = false;
            foreach (var (orderId, entry) in known)
            {
                entry.Set(new(changed.GetValueOrDefault(orderId) ?? entry.State.Order, Read: true, unreadable.Contains(orderId)));
            }

            return true;
        }
#pragma warning disable CA1031 // Pages stay open whatever the database says; they show that the newest state is not known.
        catch (Exception e) when (!cancellation.IsCancellationRequested)
#pragma warning restore CA1031
        {
            if (!_isAway)
            {
                ApiLog.Degraded(logger, e.Message);
                _isAway = true;
            }

            foreach (var (_, entry) in known)
            {
                entry.Set(entry.State with { Degraded = true });
            }

            return false;
        }
    }

    private void Leave(string orderId, Entry entry)
    {
        if (entry.Leave())
        {
            _entries.TryRemove(KeyValuePair.Create(orderId, entry));
        }
    }

    /// <summary>One open page's share in a watched order.</summary>
    public sealed class Lease : IDisposable
    {
        private readonly OrderWatch _watch;
        private readonly string _orderId;
        private readonly Entry _entry;

        internal Lease(OrderWatch watch, string orderId, Entry entry)
        {
            _watch = watch;
            _orderId = orderId;
            _entry = entry;
        }

        public WatchedState State => _entry.State;

        /// <summary>Ends when the state is no longer what it is now: to be taken before the state is read.</summary>
        public Task Changed => _entry.Changed;

        public void Dispose() => _watch.Leave(_orderId, _entry);
    }

    internal sealed class Entry
    {
        private const int Closed = -1;

        private int _pages;
        private volatile WatchedState _state = new(null, Read: false, Degraded: false);
        private volatile TaskCompletionSource _changed = NotYet();

        public WatchedState State => _state;

        public Task Changed => _changed.Task;

        /// <summary>For the one who asks the database.</summary>
        public void Set(WatchedState state)
        {
            if (state == _state)
            {
                return;
            }

            var changed = _changed;
            _state = state;
            _changed = NotYet();
            changed.SetResult();
        }

        public bool TryEnter()
        {
            while (true)
            {
                var pages = Volatile.Read(ref _pages);
                if (pages == Closed)
                {
                    return false;
                }

                if (Interlocked.CompareExchange(ref _pages, pages + 1, pages) == pages)
                {
                    return true;
                }
            }
        }

        /// <returns>True where nobody is left; nobody comes in after that.</returns>
        public bool Leave() =>
            Interlocked.Decrement(ref _pages) == 0 && Interlocked.CompareExchange(ref _pages, Closed, 0) == 0;

        /// <summary>A delivered order whose keys may not be shown yet counts as unknown: no version tells when they may.</summary>
        public KnownOrder Known(string orderId) => State.Order is not { } order
            ? new(orderId, -1, -1)
            : new(
                orderId, order.Payment.Version,
                order is { Delivery.Status: DeliveryStatus.Delivered, Keys: null } ? -1 : order.Delivery?.Version ?? 0);

        private static TaskCompletionSource NotYet() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
