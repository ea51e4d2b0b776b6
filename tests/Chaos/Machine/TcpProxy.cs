using System.Net;
using System.Net.Sockets;

namespace CardShop.Tests.Chaos.Machine;

/// <summary>How a connection through a <see cref="TcpProxy"/> is hurt.</summary>
public enum Hurt
{
    /// <summary>Nothing is changed.</summary>
    None,

    /// <summary>Connections are reset, and new ones are refused.</summary>
    Reset,

    /// <summary>Nothing passes and nobody hears it: what is sent arrives when the network is back.</summary>
    Silence,

    /// <summary>Everything arrives later.</summary>
    Delay,

    /// <summary>Few bytes pass per second.</summary>
    Narrow,
}

/// <summary>A port on loopback that leads to another one, over a network that can be cut, slow or narrow.</summary>
public sealed class TcpProxy : IAsyncDisposable
{
    private const int ChunkBytes = 64 << 10;
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly HashSet<Socket> _sockets = [];
    private readonly Lock _lock = new();
    private readonly Task _run;
    private readonly Socket _listener;
    private volatile int _target;
    private volatile State _state = new(Hurt.None, TimeSpan.Zero, 0);

    /// <param name="port">Where it listens on 127.0.0.1; 0 = any that is free.</param>
    /// <param name="target">Where it leads on 127.0.0.1; 0 = nowhere yet.</param>
    /// <param name="time">The clock.</param>
    public TcpProxy(int port, int target, TimeProvider time)
    {
        _target = target;
        _time = time;
        _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        _listener.Listen(512);
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _run = Task.Run(AcceptAsync);
    }

    public int Port { get; }

    public Uri Address => new($"http://127.0.0.1:{Port}");

    /// <summary>Connections that come from now on lead to another port.</summary>
    public void LeadTo(int target) => _target = target;

    /// <summary>Changes how everything that passes is treated, at once.</summary>
    /// <param name="hurt">The kind.</param>
    /// <param name="delay">Of <see cref="Hurt.Delay"/>: added to each direction.</param>
    /// <param name="bytesPerSecond">Of <see cref="Hurt.Narrow"/>: for each connection and direction.</param>
    public void Set(Hurt hurt, TimeSpan delay = default, int bytesPerSecond = 0)
    {
        var before = _state;
        _state = new(hurt, delay, bytesPerSecond);
        before.Over.TrySetResult();
        if (hurt == Hurt.Reset)
        {
            lock (_lock)
            {
                foreach (var socket in _sockets)
                {
                    socket.LingerState = new(true, 0);
                    socket.Close();
                }

                _sockets.Clear();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Set(Hurt.Reset);
        _listener.Dispose();
        await _run;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                _ = LeadAsync(await _listener.AcceptAsync(_stop.Token));
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // Closed, or one client that went away while it was accepted.
            }
        }
    }

    private async Task LeadAsync(Socket client)
    {
        var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            client.NoDelay = true;
            client.LingerState = new(true, 0);
            if (_state.Hurt == Hurt.Reset)
            {
                return;
            }

            Keep(client);
            while (_state is { Hurt: Hurt.Silence } silent)
            {
                await silent.Over.Task.WaitAsync(_stop.Token);
            }

            using (var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token))
            {
                limit.CancelAfter(ConnectLimit);
                await server.ConnectAsync(IPAddress.Loopback, _target, limit.Token);
            }

            Keep(server);
            await Task.WhenAny(PumpAsync(client, server), PumpAsync(server, client));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The target is not there: the client hears it as a reset, as it would of the target itself.
        }
        finally
        {
            Forget(client);
            Forget(server);
            client.Close();
            server.Close();
        }
    }

    private async Task PumpAsync(Socket from, Socket to)
    {
        var buffer = GC.AllocateUninitializedArray<byte>(ChunkBytes);
        try
        {
            while (true)
            {
                var count = await from.ReceiveAsync(buffer.AsMemory(0, RoomOf(_state)), _stop.Token);
                if (count == 0)
                {
                    return;
                }

                await HoldAsync(count);
                for (var sent = 0; sent < count;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), _stop.Token);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // One side ended; so does the other.
        }
    }

    private static int RoomOf(State state) =>
        state.Hurt == Hurt.Narrow ? Math.Clamp(state.BytesPerSecond / 20, 64, ChunkBytes) : ChunkBytes;

    private async ValueTask HoldAsync(int count)
    {
        while (_state is { Hurt: Hurt.Silence } silent)
        {
            await silent.Over.Task.WaitAsync(_stop.Token);
        }

        var state = _state;
        var wait = state.Hurt switch
        {
            Hurt.Delay => state.Delay,
            Hurt.Narrow => TimeSpan.FromSeconds((double)count / state.BytesPerSecond),
            Hurt.None or Hurt.Reset or Hurt.Silence => TimeSpan.Zero,
            _ => throw new InvalidOperationException(),
        };
        if (wait > TimeSpan.Zero)
        {
            await Task.Delay(wait, _time, _stop.Token);
        }
    }

    private void Keep(Socket socket)
    {
        lock (_lock)
        {
            _sockets.Add(socket);
        }
    }

    private void Forget(Socket socket)
    {
        lock (_lock)
        {
            _sockets.Remove(socket);
        }
    }

    private sealed record State(Hurt Hurt, TimeSpan Delay, int BytesPerSecond)
    {
        public TaskCompletionSource Over { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
