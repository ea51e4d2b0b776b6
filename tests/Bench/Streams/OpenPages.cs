using System.Net.Http.Headers;

namespace CardShop.Tests.Bench.Streams;

/// <summary>Order pages as browsers hold them open: an event stream each, on a connection of its own.</summary>
internal sealed class OpenPages(Uri api) : IAsyncDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = api };
    private readonly CancellationTokenSource _close = new();
    private readonly List<Task> _pages = [];
    private int _shown;
    private int _delivered;

    public int Count => _pages.Count;

    /// <summary>Pages that show keys.</summary>
    public int Delivered => Volatile.Read(ref _delivered);

    /// <summary>Pages that have got a first event.</summary>
    public int Shown => Volatile.Read(ref _shown);

    public void Open(string path, string? token) => _pages.Add(FollowAsync(path, token));

    /// <summary>Throws where a page was closed by the server before it showed keys.</summary>
    public void Check()
    {
        if (_pages.FirstOrDefault(p => p.IsFaulted) is { Exception: { } e })
        {
            throw new BenchFailedException("An open page was lost: " + e.InnerException?.Message);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _close.CancelAsync();
        await Task.WhenAll(_pages).ContinueWith(_ => { }, TaskScheduler.Default);
        _http.Dispose();
        _close.Dispose();
    }

    /// <summary>Reads a page's event stream until it shows keys.</summary>
    /// <param name="shown">Told of its first event.</param>
    /// <exception cref="BenchFailedException">It ended before.</exception>
    public static async Task UntilKeysAsync(
        HttpClient http, string path, string? token, Action shown, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative));
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        answer.EnsureSuccessStatusCode();
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(cancellation));
        var isShown = false;
        while (await reader.ReadLineAsync(cancellation) is { } line)
        {
            if (!isShown && line.StartsWith("data:", StringComparison.Ordinal))
            {
                isShown = true;
                shown();
            }

            if (line.Contains("\"keys\":[{", StringComparison.Ordinal))
            {
                return;
            }
        }

        throw new BenchFailedException("the stream ended without keys");
    }

    private async Task FollowAsync(string path, string? token)
    {
        try
        {
            await UntilKeysAsync(_http, path, token, () => Interlocked.Increment(ref _shown), _close.Token);
            Interlocked.Increment(ref _delivered);
        }
        catch (OperationCanceledException) when (_close.IsCancellationRequested)
        {
            // Closed by who opened it.
        }
    }
}
