using System.Collections.Concurrent;
using CardShop.Contracts;
using CardShop.Pipeline.Log;

namespace CardShop.Shop.Stock;

/// <summary>How far a fleet has come in each partition, and how far it has said that it has. Positions are noted by the batches while another thread asks.</summary>
internal sealed class PulseBook(string fleet)
{
    private readonly ConcurrentDictionary<PartitionKey, long> _positions = new();
    private readonly Dictionary<PartitionKey, Pulse> _said = [];

    /// <param name="next">Everything below is processed.</param>
    public void Note(PartitionKey partition, long next) => _positions[partition] = next;

    /// <returns>A pulse of each partition that has moved since the last one that was said.</returns>
    public IReadOnlyList<Pulse> Next(DateTimeOffset now)
    {
        var pulses = new List<Pulse>();
        foreach (var (partition, next) in _positions)
        {
            var last = _said.GetValueOrDefault(partition);
            if (last?.NextOffset == next)
            {
                continue;
            }

            var seconds = last is null ? 0 : (now - last.At).TotalSeconds;
            var rate = seconds > 0 ? (next - last!.NextOffset) / seconds : 0;
            pulses.Add(new(fleet, partition.Topic, partition.Partition, next, Math.Round(rate, 1), now));
        }

        return pulses;
    }

    /// <summary>Notes that Kafka has them.</summary>
    public void Said(IReadOnlyList<Pulse> pulses)
    {
        foreach (var pulse in pulses)
        {
            _said[new(pulse.Topic, pulse.Partition)] = pulse;
        }
    }
}
