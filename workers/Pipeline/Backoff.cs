namespace CardShop.Pipeline;

/// <summary>Exponential waits with full jitter, for loops that wait a server out.</summary>
public sealed class Backoff(TimeProvider time, Random random, TimeSpan first, TimeSpan longest)
{
    private int _failures;

    /// <summary>Failures since the last success.</summary>
    public int Failures => _failures;

    public void Reset() => _failures = 0;

    /// <summary>Waits between half and the whole of first * 2^failures, at most the longest.</summary>
    public Task WaitAsync(CancellationToken cancellation)
    {
        var ceiling = Math.Min(longest.TotalMilliseconds, first.TotalMilliseconds * Math.Pow(2, Math.Min(_failures, 30)));
        _failures++;
        double jitter;
        lock (random)
        {
            jitter = 0.5 + (random.NextDouble() / 2);
        }

        return Task.Delay(TimeSpan.FromMilliseconds(ceiling * jitter), time, cancellation);
    }
}
