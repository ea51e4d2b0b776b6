using System.Collections.Concurrent;
using System.Globalization;
using CardShop.Local.Parts;
using CardShop.Tests.Chaos.Load;
using CardShop.Tests.Chaos.Machine;
using CardShop.Tests.Chaos.Shop;
using Npgsql;

namespace CardShop.Tests.Chaos.Faults;

/// <summary>A fault as it went.</summary>
/// <param name="From">Seconds since the load began.</param>
/// <param name="To">When everything it hurt was up again.</param>
public sealed record FaultSpan(Fault Fault, double From, double To, string Note);

/// <summary>Does what the schedule says, each fault with its recovery.</summary>
public sealed class FaultRunner(ChaosShop shop, LoadMeter meter, FailoverWatch failovers, TimeProvider time, Action<string> say)
{
    private static readonly TimeSpan UpLimit = TimeSpan.FromSeconds(120);

    private readonly ConcurrentDictionary<string, SemaphoreSlim> _places = new();
    private readonly ConcurrentDictionary<int, (Fault Fault, double From)> _open = new();
    private readonly ConcurrentQueue<FaultSpan> _done = new();
    private int _failed;

    /// <summary>Faults that could not be carried out, or from which a part did not come back.</summary>
    public int Failed => Volatile.Read(ref _failed);

    /// <summary>What is hurt now.</summary>
    public IReadOnlyList<string> Open => [.. _open.Values.OrderBy(o => o.From).Select(o => o.Fault.Label)];

    /// <summary>All that is over, in the order of its end.</summary>
    public IReadOnlyList<FaultSpan> Done => [.. _done];

    /// <summary>Runs the whole schedule; returns when every fault is over.</summary>
    public async Task RunAsync(IReadOnlyList<Fault> faults, CancellationToken cancellation)
    {
        var running = new List<Task>();
        for (var i = 0; i < faults.Count; i++)
        {
            var wait = TimeSpan.FromSeconds(faults[i].At) - meter.Now;
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, time, cancellation);
            }

            running.Add(RunAsync(i, faults[i], cancellation));
        }

        await Task.WhenAll(running);
    }

    private async Task RunAsync(int number, Fault fault, CancellationToken cancellation)
    {
        // Always in the same order, or two faults could wait for each other.
        var places = fault.Places.Order(StringComparer.Ordinal).Select(p => _places.GetOrAdd(p, _ => new(1))).ToList();
        foreach (var place in places)
        {
            await place.WaitAsync(cancellation);
        }

        try
        {
            _open[number] = (fault, meter.Now.TotalSeconds);
            say(string.Create(CultureInfo.InvariantCulture, $"{fault.Label}{(fault.Seconds > 0 ? $", {fault.Seconds:0.0} s" : "")}"));
            var note = await TryAsync(fault, cancellation);
            _open.TryRemove(number, out var open);
            _done.Enqueue(new(fault, open.From, meter.Now.TotalSeconds, note));
            say(string.Create(
                CultureInfo.InvariantCulture, $"over: {fault.Label} after {meter.Now.TotalSeconds - open.From:0.0} s{(note.Length > 0 ? "; " + note : "")}"));
        }
        finally
        {
            places.ForEach(p => p.Release());
        }
    }

    /// <summary>A fault that could not be carried out is no reason to stop hurting; the report counts it.</summary>
    private async Task<string> TryAsync(Fault fault, CancellationToken cancellation)
    {
        try
        {
            return await DoAsync(fault, cancellation);
        }
        catch (Exception e) when (e is PartFailedException or ChaosFailedException or NpgsqlException or TimeoutException or IOException)
        {
            Interlocked.Increment(ref _failed);
            return "IT COULD NOT BE CARRIED OUT: " + e.Message;
        }
    }

    private async Task<string> DoAsync(Fault fault, CancellationToken cancellation)
    {
        var lasts = TimeSpan.FromSeconds(fault.Seconds);
        switch (fault.Kind)
        {
            case FaultKind.Kill:
                var killed = shop.Find(fault.Target);
                await killed.KillAsync();
                await killed.UntilReadyAsync(UpLimit, cancellation);
                return "";
            case FaultKind.Down:
                var down = shop.Find(fault.Target);
                await down.HoldAsync();
                await Task.Delay(lasts, time, cancellation);
                down.Release();
                await down.UntilReadyAsync(UpLimit, cancellation);
                return "";
            case FaultKind.Freeze:
                var frozen = shop.Find(fault.Target);
                frozen.Freeze();
                await AfterAsync(lasts, frozen.Thaw, cancellation);
                return "";
            case FaultKind.Failover:
                return await FailOverAsync(fault, cancellation);
            case FaultKind.WipeQueues:
                return await WipeAsync(lasts, cancellation);
            case FaultKind.FullDisk:
                await shop.Disk!.FillAsync();
                await AfterAsync(lasts, shop.Disk.Free, cancellation);
                return "";
            case FaultKind.Skew:
                return await SkewAsync(fault, lasts, cancellation);
            case FaultKind.Cut or FaultKind.Silence or FaultKind.Delay or FaultKind.Narrow:
                shop.Links.Set(
                    fault.Target, HurtOf(fault.Kind), TimeSpan.FromMilliseconds(fault.Amount), fault.Amount);
                await AfterAsync(lasts, () => shop.Links.Set(fault.Target, Hurt.None), cancellation);
                return "";
            default:
                throw new InvalidOperationException($"There is no fault {fault.Kind}.");
        }
    }

    private async Task<string> FailOverAsync(Fault fault, CancellationToken cancellation)
    {
        // A standby that lags may not be promoted: that would lose what was acknowledged, and nobody may do it.
        var from = time.GetTimestamp();
        while (!await shop.Postgres.IsStandbyCurrentAsync(cancellation))
        {
            if (time.GetElapsedTime(from) > TimeSpan.FromSeconds(30))
            {
                return "left out: the standby did not follow";
            }

            await Task.Delay(200, cancellation);
        }

        var row = failovers.Begin();
        await shop.Postgres.LosePrimaryAsync();

        // What a watcher takes to notice.
        await Task.Delay(TimeSpan.FromSeconds(1 + (fault.Seconds % 3)), time, cancellation);
        await shop.Postgres.PromoteAsync(cancellation);
        var watched = failovers.WatchAsync(row, cancellation);
        await Task.WhenAll(watched, Task.Delay(TimeSpan.FromSeconds(fault.Seconds), time, cancellation));
        var how = await shop.Postgres.RejoinAsync(cancellation);
        return $"{row}; back as standby by {how}";
    }

    private async Task<string> WipeAsync(TimeSpan lasts, CancellationToken cancellation)
    {
        var rabbit = shop.Find("rabbitmq");
        await rabbit.HoldAsync();
        Directory.Delete(shop.RabbitPart.DataDirectory, recursive: true);
        await Task.Delay(lasts, time, cancellation);
        rabbit.Release();
        await rabbit.UntilReadyAsync(UpLimit, cancellation);

        // What the runbook says: the queues are made again, and what lost commands were to do is done now.
        var output = await shop.Shopctl.RunAsync("recover", "--work", "--why", "RabbitMQ's data was lost");
        return output.Split('\n').LastOrDefault(l => l.Contains("due now", StringComparison.Ordinal))?.Trim() ?? "";
    }

    private async Task<string> SkewAsync(Fault fault, TimeSpan lasts, CancellationToken cancellation)
    {
        var part = shop.Find(fault.Target);
        shop.Extra[fault.Target] = WrongClock.Environment(shop.Folder, fault.Amount);
        await part.KillAsync();
        await part.UntilReadyAsync(UpLimit, cancellation);
        await Task.Delay(lasts, time, cancellation);
        shop.Extra.TryRemove(fault.Target, out _);
        await part.KillAsync();
        await part.UntilReadyAsync(UpLimit, cancellation);
        return "";
    }

    /// <summary>Waits, and mends also when the run is broken off.</summary>
    private async Task AfterAsync(TimeSpan lasts, Action mend, CancellationToken cancellation)
    {
        try
        {
            await Task.Delay(lasts, time, cancellation);
        }
        finally
        {
            mend();
        }
    }

    private static Hurt HurtOf(FaultKind kind) => kind switch
    {
        FaultKind.Cut => Hurt.Reset,
        FaultKind.Silence => Hurt.Silence,
        FaultKind.Delay => Hurt.Delay,
        FaultKind.Narrow => Hurt.Narrow,
        FaultKind.Kill or FaultKind.Down or FaultKind.Freeze or FaultKind.Failover or FaultKind.WipeQueues or FaultKind.FullDisk
            or FaultKind.Skew => Hurt.None,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Unknown fault."),
    };
}
