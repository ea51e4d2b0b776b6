using System.Net.Sockets;

namespace CardShop.Tests.Chaos.Drills.Machines;

/// <summary>A question to a server's REST interface on this machine.</summary>
internal static class Rest
{
    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(1) })
    {
        Timeout = TimeSpan.FromSeconds(2),
    };

    /// <returns>The body of a good answer; null otherwise.</returns>
    public static async Task<string?> GetAsync(string url, CancellationToken cancel)
    {
        try
        {
            using var answer = await Http.GetAsync(new Uri(url), cancel);
            return answer.IsSuccessStatusCode ? await answer.Content.ReadAsStringAsync(cancel) : null;
        }
        catch (Exception e) when (e is HttpRequestException or SocketException or IOException
            || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return null;
        }
    }
}
