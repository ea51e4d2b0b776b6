using System.Collections.Concurrent;
using CardShop.Contracts;
using CardShop.Pipeline.Log;

namespace CardShop.Shop.Stock;

/// <summary>
/// Which partitions a fleet has to tell of, and what it told last. How far they are the database says, and now and then it is told
/// again: so a process that has lost a partition without knowing it does no harm, and what it said too late is mended.
/// Partitions are noted by the batches while another thread asks.
/// </summary>
internal sealed class PulseBook(string fleet)
{
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(10);

    /// <summary>By partition, whether it is to be told.</summary>
    private readonly ConcurrentDictionary<PartitionKey, bool> _partitions = new();
    private readonly Dictionary<PartitionKey, Pulse> _said = [];
    private DateTimeOffset _all;

    /// <summary>This partition was begun or has moved, or what was to be said of it did not go out.</summary>
    public void Note(PartitionKey partition) => _partitions[partition] = true;

    /// <returns>The partitions that were noted since this was asked last; every ten seconds all that ever were.</returns>
    public IReadOnlyList<PartitionKey> Take(DateTimeOffset now)
    {
        var all = now - _all >= Again;
        _all = all ? now : _all;
        var due = _partitions.Where(p => p.Value || all).Select(p => p.Key).ToList();
        foreach (var partition in due)
        {
            _partitions[partition] = false;
        }

        return due;
    }

    /// <param name="positions">Next offsets, as the database has them.</param>
    public IReadOnlyList<Pulse> PulsesOf(IReadOnlyDictionary<PartitionKey, long> positions, DateTimeOffset now) =>
        [.. positions.Select(p => new Pulse(fleet, p.Key.Topic, p.Key.Partition, p.Value, RateOf(p.Key, p.Value, now), now))];

    /// <summary>Notes that Kafka has them.</summary>
    public void Said(IReadOnlyList<Pulse> pulses)
    {
        foreach (var pulse in pulses)
        {
            _said[new(pulse.Topic, pulse.Partition)] = pulse;
        }
    }

    /// <returns>Records per second since it was said last; 0 the first time, and after a step back.</returns>
    private double RateOf(PartitionKey partition, long next, DateTimeOffset now)
    {
        var last = _said.GetValueOrDefault(partition);
        var seconds = last is null ? 0 : (now - last.At).TotalSeconds;
        return seconds > 0 ? Math.Round(Math.Max(0, next - last!.NextOffset) / seconds, 1) : 0;
    }
}
