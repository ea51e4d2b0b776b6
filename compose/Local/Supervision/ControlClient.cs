using System.Net.Sockets;
using System.Text.Json;

namespace CardShop.Local.Supervision;

/// <summary>Asks the supervisor that runs in a folder.</summary>
/// <param name="path">Its socket.</param>
public sealed class ControlClient(string path)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    /// <summary>One question.</summary>
    /// <returns>The answer; null when no supervisor listens.</returns>
    public async Task<ControlResponse?> AskAsync(ControlRequest request, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), limit.Token);
            await using var stream = new NetworkStream(socket);
            var line = JsonSerializer.SerializeToUtf8Bytes(request, ControlJson.Default.ControlRequest);
            await stream.WriteAsync((byte[])[.. line, (byte)'\n'], limit.Token);
            using var reader = new StreamReader(stream);
            var answer = await reader.ReadLineAsync(limit.Token);
            return answer is null ? null : JsonSerializer.Deserialize(answer, ControlJson.Default.ControlResponse);
        }
        catch (SocketException)
        {
            return null;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
