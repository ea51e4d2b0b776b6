namespace CardShop.Api.Admin;

/// <summary>One look for all who ask within a while: many pages cost as much as one.</summary>
/// <param name="fresh">How long a look serves, from when it was begun.</param>
/// <param name="look">Has an end of its own: nobody who asks stops it.</param>
public sealed class SharedLook<T>(TimeProvider time, TimeSpan fresh, Func<Task<T>> look)
{
    private readonly Lock _lock = new();
    private Task<T>? _last;
    private long _begun;

    /// <summary>The look under way, or the last while it is fresh, or a new one.</summary>
    public Task<T> GetAsync()
    {
        lock (_lock)
        {
            if (_last is null || (_last.IsCompleted && time.GetElapsedTime(_begun) >= fresh))
            {
                _begun = time.GetTimestamp();
                _last = look();
            }

            return _last;
        }
    }
}
