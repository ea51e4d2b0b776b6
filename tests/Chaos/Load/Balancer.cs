namespace CardShop.Tests.Chaos.Load;

/// <summary>
/// What stands before two APIs everywhere: requests go by turns to those that answered their last health check, and one
/// that just failed a request gets the next ones only after a check.
/// </summary>
public sealed class Balancer : IAsyncDisposable
{
    private static readonly TimeSpan CheckEvery = TimeSpan.FromMilliseconds(250);

    private readonly Uri[] _targets;
    private readonly bool[] _up;
    private readonly HttpClient _http;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _checks;
    private int _turn;

    public Balancer(IReadOnlyList<Uri> targets)
    {
        _targets = [.. targets];
        _up = [.. targets.Select(_ => true)];
        _http = new(new SocketsHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromMilliseconds(500) })
        {
            Timeout = TimeSpan.FromSeconds(1),
        };
        _checks = Task.WhenAll(Enumerable.Range(0, _targets.Length).Select(CheckAsync));
    }

    /// <summary>Where the next request goes.</summary>
    /// <param name="except">Where it has just failed; -1 = nowhere.</param>
    /// <returns>The target's number and address.</returns>
    public (int Number, Uri Address) Next(int except = -1)
    {
        var turn = (int)((uint)Interlocked.Increment(ref _turn) % (uint)_targets.Length);
        for (var i = 0; i < _targets.Length; i++)
        {
            var at = (turn + i) % _targets.Length;
            if (at != except && Volatile.Read(ref _up[at]))
            {
                return (at, _targets[at]);
            }
        }

        // Nobody is known to be well: any but the one that has just failed.
        return turn == except ? ((turn + 1) % _targets.Length, _targets[(turn + 1) % _targets.Length]) : (turn, _targets[turn]);
    }

    /// <summary>A request failed there in a way that says nothing about the request.</summary>
    public void Suspect(int number) => Volatile.Write(ref _up[number], false);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _checks;
        _http.Dispose();
        _stop.Dispose();
    }

    private async Task CheckAsync(int number)
    {
        var address = new Uri(_targets[number], "/healthz/live");
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                using var answer = await _http.GetAsync(address, _stop.Token);
                Volatile.Write(ref _up[number], answer.IsSuccessStatusCode);
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
            {
                Volatile.Write(ref _up[number], false);
            }

            await Task.WhenAny(Task.Delay(CheckEvery, _stop.Token));
        }
    }
}
