using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using CardShop.LogBroker.Apis;
using Microsoft.Extensions.Logging;

namespace CardShop.LogBroker.Network;

/// <summary>Accepts connections on the loopback address, up to a number of them.</summary>
internal sealed class Listener : IDisposable
{
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly ConcurrentDictionary<Connection, Task> _connections = new();
    private readonly BrokerOptions _options;
    private readonly MemoryBudget _budget;
    private readonly ILogger _logger;

    /// <summary>Takes the port; a SocketException says that somebody else has it.</summary>
    public Listener(BrokerOptions options, ILogger logger)
    {
        _options = options;
        _logger = logger;
        _budget = new MemoryBudget(options.MaxInFlightBytes);
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, options.Port));
        Port = ((IPEndPoint)_socket.LocalEndPoint!).Port;
    }

    public int Port { get; }

    /// <summary>Lets clients in; until then they are refused, and try again.</summary>
    public void Open() => _socket.Listen(512);

    /// <summary>Serves until told to stop; then every connection has ended.</summary>
    public async Task Run(ApiTable apis, CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                var client = await _socket.AcceptAsync(stopping);
                Serve(client, apis, stopping);
            }
            catch (OperationCanceledException)
            {
                break;
            }
            catch (SocketException failure)
            {
                _logger.AcceptFailed(failure.Message);
                await Task.Delay(AcceptPause, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        await Task.WhenAll(_connections.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose() => _socket.Dispose();

    private void Serve(Socket client, ApiTable apis, CancellationToken stopping)
    {
        if (_connections.Count >= _options.MaxConnections)
        {
            _logger.TooManyConnections(client.RemoteEndPoint?.ToString() ?? "unknown", _options.MaxConnections);
            client.Dispose();
            return;
        }

        client.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        var connection = new Connection(client, apis, _budget, _options, _logger);
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _connections[connection] = done.Task;
        BrokerMeter.Opened();
        _ = Task.Run(
            async () =>
            {
                try
                {
                    await connection.Run(stopping);
                }
                finally
                {
                    BrokerMeter.Closed();
                    _connections.TryRemove(connection, out _);
                    done.TrySetResult();
                }
            },
            CancellationToken.None);
    }
}
