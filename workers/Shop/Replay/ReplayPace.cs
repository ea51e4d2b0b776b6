namespace CardShop.Shop.Replay;

/// <summary>At most so many records a second. Time that was not used is not made up for.</summary>
public sealed class ReplayPace(int perSecond, TimeProvider time)
{
    private DateTimeOffset _next = DateTimeOffset.MinValue;

    /// <summary>Waits until this many more may go.</summary>
    public async Task WaitAsync(int records, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        if (_next > now)
        {
            await Task.Delay(_next - now, time, cancellation);
        }
        else
        {
            _next = now;
        }

        _next += TimeSpan.FromSeconds((double)records / perSecond);
    }
}
