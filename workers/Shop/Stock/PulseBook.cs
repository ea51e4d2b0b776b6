using System.Collections.Concurrent;
using CardShop.Contracts;
using CardShop.Pipeline.Log;
using CardShop.Shop.Store;

namespace CardShop.Shop.Stock;

/// <summary>
/// Which partitions a fleet has to tell of, and what it told last. How far they are the database says: a process that has
/// lost a partition without knowing it does no harm. Partitions are noted by the batches while another thread asks.
/// </summary>
internal sealed class PulseBook(string fleet)
{
    private readonly ConcurrentDictionary<PartitionKey, byte> _moved = new();
    private readonly Dictionary<PartitionKey, Pulse> _said = [];

    /// <summary>This partition was begun or has moved, or what was to be said of it did not go out.</summary>
    public void Note(PartitionKey partition) => _moved[partition] = 0;

    /// <returns>The partitions that were noted since this was asked last.</returns>
    public IReadOnlyList<PartitionKey> Take()
    {
        PartitionKey[] moved = [.. _moved.Keys];
        foreach (var partition in moved)
        {
            _moved.TryRemove(partition, out _);
        }

        return moved;
    }

    public IReadOnlyList<Pulse> PulsesOf(Progress progress) =>
        [.. progress.Next.Select(p => new Pulse(fleet, p.Key.Topic, p.Key.Partition, p.Value, RateOf(p.Key, p.Value, progress.At), progress.At))];

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
