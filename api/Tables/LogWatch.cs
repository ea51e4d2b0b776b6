using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Log;

namespace CardShop.Api.Tables;

/// <summary>
/// Whether the log answers, for those who ask if this instance can take orders. It is asked only when they ask, at most
/// once a second, and one question at a time.
/// </summary>
public sealed class LogWatch(ILog log, TimeProvider time)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private Task<bool>? _asking;
    private long _askedAt;

    /// <summary>Within 2 s; false where there is no answer by then.</summary>
    public async Task<bool> AnswersAsync()
    {
        Task<bool> asking;
        lock (_lock)
        {
            if (_asking is null || (_asking.IsCompleted && time.GetElapsedTime(_askedAt) >= Fresh))
            {
                _asking = AskAsync();
                _askedAt = time.GetTimestamp();
            }

            asking = _asking;
        }

        try
        {
            return await asking.WaitAsync(Limit, time);
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private async Task<bool> AskAsync()
    {
        try
        {
            return (await log.EndsAsync([Topics.Catalog], CancellationToken.None)).Count > 0;
        }
        catch (Exception e) when (Failures.IsPlace(e))
        {
            return false;
        }
    }
}
