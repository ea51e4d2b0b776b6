using System.Net;
using System.Net.Sockets;

namespace CardShop.Tests.Chaos.Drills.Regions;

/// <summary>A region's name to the outside: an address that leads now to one API, now to another.</summary>
internal sealed class Door : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;
    private volatile int _target;

    public Door()
    {
        _listener.Start();
        _loop = Task.Run(AcceptAsync);
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    public void LeadTo(Uri api) => _target = api.Port;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _loop;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                _ = PassAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // Closed.
            }
        }
    }

    private async Task PassAsync(TcpClient from)
    {
        try
        {
            using var source = from;
            using var target = new TcpClient();
            await target.ConnectAsync(IPAddress.Loopback, _target, _stop.Token);
            await Task.WhenAny(
                source.GetStream().CopyToAsync(target.GetStream(), _stop.Token),
                target.GetStream().CopyToAsync(source.GetStream(), _stop.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or IOException)
        {
            // Nobody is there: the caller sees a closed connection, as it would.
        }
    }
}
