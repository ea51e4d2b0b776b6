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

    private async Task FollowAsync(string path, string? token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative));
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        try
        {
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, _close.Token);
            answer.EnsureSuccessStatusCode();
            using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(_close.Token));
            var isShown = false;
            while (await reader.ReadLineAsync(_close.Token) is { } line)
            {
                if (!isShown && line.StartsWith("data:", StringComparison.Ordinal))
                {
                    isShown = true;
                    Interlocked.Increment(ref _shown);
                }

                if (line.Contains("\"keys\":[{", StringComparison.Ordinal))
                {
                    Interlocked.Increment(ref _delivered);
                    return;
                }
            }

            throw new IOException("the stream ended without keys");
        }
        catch (OperationCanceledException) when (_close.IsCancellationRequested)
        {
            // Closed by who opened it.
        }
    }
}
