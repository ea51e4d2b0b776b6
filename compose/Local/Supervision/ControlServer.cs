using System.Net.Sockets;
using System.Text.Json;
using CardShop.Local.Parts;

namespace CardShop.Local.Supervision;

/// <summary>Answers compose/part and compose/down on a Unix socket in a folder that only the owner can enter.</summary>
public sealed class ControlServer : IAsyncDisposable
{
    private const int Clients = 16;
    private const int LongestRequest = 4096;
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan RequestLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ActionLimit = TimeSpan.FromSeconds(100);

    private readonly Supervisor _supervisor;
    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly Socket _listener;
    private readonly SemaphoreSlim _clients = new(Clients, Clients);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    /// <param name="supervisor">Does what is asked.</param>
    /// <param name="path">The socket. An old file of a dead supervisor is replaced; the caller holds the lock of the folder.</param>
    /// <param name="time">The clock for time limits.</param>
    public ControlServer(Supervisor supervisor, string path, TimeProvider time)
    {
        _supervisor = supervisor;
        _path = path;
        _time = time;
        File.Delete(path);
        _listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        PrivateSocket.Restrict(path);
        _listener.Listen(Clients);
        _loop = AcceptAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _loop;

        // The answers under way (to compose/down above all) get out before the process ends.
        for (var i = 0; i < Clients - 1; i++)
        {
            await _clients.WaitAsync(RequestLimit);
        }

        File.Delete(_path);
        _clients.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                await _clients.WaitAsync(_stop.Token);
                try
                {
                    _ = ServeAsync(await _listener.AcceptAsync(_stop.Token));
                }
                catch (SocketException)
                {
                    // No more file descriptors, say: the parts run on, and so does the next question.
                    _clients.Release();
                    await Task.Delay(RetryPause, _time, _stop.Token);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // We stop.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        try
        {
            await using var stream = new NetworkStream(client, ownsSocket: true);
            using var limit = new CancellationTokenSource(RequestLimit, _time);
            var request = await ReadAsync(stream, limit.Token);
            var response = request is null ? Answer(false, "this is no request") : await DoAsync(request);
            var line = JsonSerializer.SerializeToUtf8Bytes(response, ControlJson.Default.ControlResponse);
            using var sending = new CancellationTokenSource(RequestLimit, _time);
            await stream.WriteAsync((byte[])[.. line, (byte)'\n'], sending.Token);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // A client that went away or fell silent.
        }
        finally
        {
            _clients.Release();
        }
    }

    private static async Task<ControlRequest?> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        var buffer = new byte[LongestRequest];
        var count = 0;
        while (count < buffer.Length)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(count), cancellationToken);
            if (read == 0)
            {
                return null;
            }

            count += read;
            var end = Array.IndexOf(buffer, (byte)'\n', 0, count);
            if (end >= 0)
            {
                try
                {
                    return JsonSerializer.Deserialize(buffer.AsSpan(0, end), ControlJson.Default.ControlRequest);
                }
                catch (JsonException)
                {
                    return null;
                }
            }
        }

        return null;
    }

    private async Task<ControlResponse> DoAsync(ControlRequest request)
    {
        switch (request.Action)
        {
            case "status":
                return Answer(true, "");
            case "down":
                _supervisor.RequestStop();
                return Answer(true, "stopping");
            case "start" or "stop" or "kill":
                break;
            default:
                return Answer(false, $"unknown action {request.Action}");
        }

        if (_supervisor.Find(request.Part ?? "") is not { } runner)
        {
            return Answer(false, $"there is no part {request.Part}; there are: {string.Join(", ", _supervisor.Status().Select(part => part.Name))}");
        }

        try
        {
            return Answer(true, await DoAsync(request.Action, runner).WaitAsync(ActionLimit, _time));
        }
        catch (PartFailedException e)
        {
            return Answer(false, e.Message);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            return Answer(false, $"{runner.Part.Name} does not {request.Action}; see compose/part status and its log");
        }
    }

    private static async Task<string> DoAsync(string action, PartRunner runner)
    {
        var name = runner.Part.Name;
        switch (action)
        {
            case "stop":
                await runner.StopAsync();
                return $"{name} is stopped";
            case "kill":
                var pid = await runner.KillAsync();
                return pid == 0 ? $"{name} has no process to kill" : $"{name} is killed, process {pid}; the supervisor starts it again";
            default:
                var started = await runner.StartAsync();
                var probe = await runner.Ready;
                var state = probe.Health == Health.Fenced ? $"is up, and does no work: {probe.Note}" : "is up";
                return started ? $"{name} {state}" : $"{name} was not stopped; it {state}";
        }
    }

    private ControlResponse Answer(bool ok, string message) => new(ok, message, _supervisor.IsReady, _supervisor.Status());
}
