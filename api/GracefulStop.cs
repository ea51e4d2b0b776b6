namespace CardShop.Api;

/// <summary>
/// What lies between the word to stop (SIGTERM) and the end, so that no request fails: for a while the API says that it is
/// not ready, and serves what still comes, until the proxy before it has taken it out; then what would stay open for long
/// ends; then the server stops taking connections and waits for the requests in hand.
/// </summary>
/// <param name="leave">How long it serves on; setting <c>Shutdown__LeaveSeconds</c>.</param>
public sealed class GracefulStop(TimeSpan leave, TimeProvider time) : IHostedLifecycleService, IDisposable
{
    /// <summary>All of it, the requests in hand included; what stops processes waits a little longer before it kills.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(25);

    private readonly CancellationTokenSource _streams = new();
    private volatile bool _leaving;

    /// <summary>It serves, but whoever chooses should choose another.</summary>
    public bool IsLeaving => _leaving;

    /// <summary>Followed orders and waiting partners end now; they ask again, and reach an instance that stays.</summary>
    public CancellationToken StreamsEnd => _streams.Token;

    /// <summary>A connection that is kept open would bring its next request here.</summary>
    public void Mark(HttpContext context)
    {
        if (_leaving && HttpProtocol.IsHttp11(context.Request.Protocol))
        {
            context.Response.Headers.Connection = "close";
        }
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        _leaving = true;
        try
        {
            await Task.Delay(leave, time, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // No more time: what is left of the stop is done at once.
        }

        await _streams.CancelAsync();
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _streams.Dispose();
}
