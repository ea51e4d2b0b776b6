namespace CardShop.Fleet;

/// <summary>
/// How the commands sent last are shared among queues, and from that whether those who work on them are behind as a
/// whole. One slow provider lets its own queue grow, and the orders of the others must not wait for it; a fleet that has
/// too much to do lets all grow, each by its share.
/// </summary>
public sealed class QueueShares
{
    /// <summary>Commands after which an older one has lost most of its weight.</summary>
    private const double Memory = 1_000;

    /// <summary>A queue that is used less says nothing: what its consumer has in hand hides what waits.</summary>
    private const double Least = 0.05;

    private readonly Dictionary<string, double> _weights = [];

    /// <summary>Counts commands that were sent.</summary>
    public void Count(string queue, int commands)
    {
        var keep = Math.Pow(1 - (1 / Memory), commands);
        foreach (var other in _weights.Keys)
        {
            _weights[other] *= keep;
        }

        _weights[queue] = _weights.GetValueOrDefault(queue) + (Memory * (1 - keep));
    }

    /// <summary>
    /// Whether every queue in use has more commands waiting than its share of <paramref name="limit"/>. False before
    /// anything was counted.
    /// </summary>
    /// <param name="depths">Commands that wait, by queue.</param>
    public bool AreAllBehind(IReadOnlyDictionary<string, uint> depths, int limit)
    {
        var total = _weights.Values.Sum();
        var used = _weights.Where(w => w.Value >= Least * total).ToList();
        return used.Count > 0 && used.TrueForAll(w => depths.GetValueOrDefault(w.Key) > limit * w.Value / total);
    }
}
