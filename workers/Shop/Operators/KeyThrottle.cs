namespace CardShop.Shop.Operators;

/// <summary>How many wrong keys are too many.</summary>
/// <param name="PerNetwork">Wrong keys from one network within the window, before it is locked out.</param>
/// <param name="PerName">Wrong keys for one operator's name within the window, before that name is locked out.</param>
/// <param name="Most">Networks and names remembered; the one whose window ends first makes room.</param>
public sealed record KeyThrottleLimits(int PerNetwork, int PerName, TimeSpan Window, TimeSpan LockFor, int Most)
{
    public static KeyThrottleLimits Default { get; } =
        new(10, 20, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5), 10_000);
}

/// <summary>
/// Locks out who tries keys: after too many wrong ones within a window nothing more is looked at, a right key neither, until
/// a while has passed. In memory, of one process. Safe for concurrent use.
/// </summary>
public sealed class KeyThrottle(KeyThrottleLimits limits, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Count> _counts = [];

    /// <summary>Until when who asks is locked out; null where he is not.</summary>
    /// <param name="network">The address or network that asks.</param>
    /// <param name="name">The operator that he says he is; null where he does not say.</param>
    public DateTimeOffset? LockedUntil(string network, string? name)
    {
        var now = time.GetUtcNow();
        lock (_lock)
        {
            var (byNetwork, byName) = (LockOf(NetworkKey(network), now), LockOf(NameKey(name), now));
            return byNetwork is null || byName > byNetwork ? byName : byNetwork;
        }
    }

    /// <summary>A wrong key was shown.</summary>
    public void Failed(string network, string? name)
    {
        var now = time.GetUtcNow();
        lock (_lock)
        {
            Add(NetworkKey(network), limits.PerNetwork, now);
            if (NameKey(name) is { } key)
            {
                Add(key, limits.PerName, now);
            }
        }
    }

    /// <summary>
    /// A right key was shown. The name's count starts again; the network's does not: one known key must not buy tries of
    /// others.
    /// </summary>
    public void Succeeded(string name)
    {
        lock (_lock)
        {
            _counts.Remove(NameKey(name)!);
        }
    }

    private static string NetworkKey(string network) => "n" + network;

    private static string? NameKey(string? name) => name is null ? null : "o" + name;

    private DateTimeOffset? LockOf(string? key, DateTimeOffset now) =>
        key is not null && _counts.TryGetValue(key, out var count) && count.LockedUntil > now ? count.LockedUntil : null;

    private void Add(string key, int most, DateTimeOffset now)
    {
        if (!_counts.TryGetValue(key, out var count) || count.EndsAt <= now)
        {
            if (_counts.Count >= limits.Most && !_counts.ContainsKey(key))
            {
                _counts.Remove(_counts.MinBy(c => c.Value.EndsAt).Key);
            }

            count = new(0, now + limits.Window, null);
        }

        var failures = count.Failures + 1;
        _counts[key] = failures >= most
            ? new(failures, now + limits.LockFor, now + limits.LockFor)
            : count with { Failures = failures };
    }

    private sealed record Count(int Failures, DateTimeOffset EndsAt, DateTimeOffset? LockedUntil);
}
