using System.Diagnostics;

namespace CardShop.Tests.Chaos.Load;

/// <summary>What one second of the run came to. An order belongs to the second in which it was due.</summary>
/// <param name="Offered">Orders that buyers wanted to place, and that the shop could sell.</param>
/// <param name="Accepted">Of those, accepted within the buyer's patience, repeats under the same key included.</param>
/// <param name="AtOnce">Of those, accepted by the first request.</param>
/// <param name="Delivered">Deliveries that the partner read in this second.</param>
/// <param name="P99Ms">From the moment an accepted order was due until it was accepted; 0 where none was.</param>
public readonly record struct LoadSecond(int Offered, int Accepted, int AtOnce, int Delivered, double P99Ms);

/// <summary>Counts by second.</summary>
public sealed class LoadMeter
{
    private readonly Lock _lock = new();
    private readonly List<Row> _rows = [];
    private readonly long _started = Stopwatch.GetTimestamp();

    /// <summary>Since the load began.</summary>
    public TimeSpan Now => Stopwatch.GetElapsedTime(_started);

    public long Offered { get; private set; }

    public long Accepted { get; private set; }

    public long AtOnce { get; private set; }

    public long Delivered { get; private set; }

    /// <summary>An order was accepted.</summary>
    public void Accept(TimeSpan due, bool atOnce)
    {
        var took = Now - due;
        lock (_lock)
        {
            var row = At(due);
            row.Offered++;
            row.Accepted++;
            row.AtOnce += atOnce ? 1 : 0;
            row.Latencies.Add((float)took.TotalMilliseconds);
            Offered++;
            Accepted++;
            AtOnce += atOnce ? 1 : 0;
        }
    }

    /// <summary>An order was not accepted, though it could have been.</summary>
    public void TurnAway(TimeSpan due)
    {
        lock (_lock)
        {
            At(due).Offered++;
            Offered++;
        }
    }

    public void Deliver()
    {
        lock (_lock)
        {
            At(Now).Delivered++;
            Delivered++;
        }
    }

    /// <summary>All seconds from the beginning on.</summary>
    public IReadOnlyList<LoadSecond> Seconds()
    {
        lock (_lock)
        {
            return [.. _rows.Select(r => new LoadSecond(r.Offered, r.Accepted, r.AtOnce, r.Delivered, P99(r.Latencies)))];
        }
    }

    private static double P99(List<float> latencies)
    {
        if (latencies.Count == 0)
        {
            return 0;
        }

        var sorted = latencies.Order().ToList();
        return sorted[Math.Min(sorted.Count - 1, (int)(sorted.Count * 0.99))];
    }

    private Row At(TimeSpan time)
    {
        var second = (int)time.TotalSeconds;
        while (_rows.Count <= second)
        {
            _rows.Add(new());
        }

        return _rows[second];
    }

    private sealed class Row
    {
        public int Offered { get; set; }

        public int Accepted { get; set; }

        public int AtOnce { get; set; }

        public int Delivered { get; set; }

        public List<float> Latencies { get; } = [];
    }
}
