using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace CardShop.Telemetry;

/// <summary>
/// <c>PROGRAM health http://127.0.0.1:PORT/healthz/live</c>: asks a running process how it is, and ends. A container's health
/// check in an image that has no shell and no curl. A plain socket: a check every few seconds must not start an HTTP client.
/// </summary>
public static class HealthProbe
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(4);

    /// <returns>What is to be asked; null where the program is to run as itself.</returns>
    public static Uri? AddressOf(IReadOnlyList<string> arguments) =>
        arguments is ["health", var text] && Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme == "http"
            ? address : null;

    /// <returns>0 where the answer is 200, else 1: what Docker asks of a health check.</returns>
    public static async Task<int> AskAsync(Uri address)
    {
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(address.Host, address.Port, limit.Token);
            var stream = client.GetStream();
            var request = string.Create(
                CultureInfo.InvariantCulture, $"GET {address.PathAndQuery} HTTP/1.0\r\nHost: {address.Authority}\r\n\r\n");
            await stream.WriteAsync(Encoding.ASCII.GetBytes(request), limit.Token);
            using var reader = new StreamReader(stream, Encoding.ASCII);
            return await reader.ReadLineAsync(limit.Token) is { } status && status.Split(' ') is [_, "200", ..] ? 0 : 1;
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
        {
            return 1;
        }
    }
}
