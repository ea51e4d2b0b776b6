using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using CardShop.Tests.Bench.Machine;
using CardShop.Tests.Bench.Pipeline;

namespace CardShop.Tests.Bench.Soak;

/// <summary>
/// Buyers who come at even distances whatever the shop does, order through each channel in turn, and look at their page
/// until it shows their key: after a second, then after twice as long each time.
/// </summary>
internal sealed class SoakBuyers(HttpClient http, OrderFeed feed)
{
    private static readonly string[] Channels = ["alipay", "wechat", "unionpay"];
    private static readonly TimeSpan FirstLook = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(16);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(5);

    private long _accepted;
    private long _delivered;
    private string? _failure;

    public long Accepted => Interlocked.Read(ref _accepted);

    public long Delivered => Interlocked.Read(ref _delivered);

    /// <summary>Orders for so long, then waits until each has its key.</summary>
    /// <param name="tell">Called about every half minute.</param>
    /// <exception cref="BenchFailedException">An order was not accepted, or its key did not come within <see cref="Patience"/>.</exception>
    public async Task RunAsync(int rate, TimeSpan duration, Action tell, Action ended, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var total = (int)(rate * duration.TotalSeconds);
        var from = Stopwatch.GetTimestamp();
        var open = new List<Task>();
        for (var sent = 0; sent < total && _failure is null;)
        {
            for (var due = (int)(Stopwatch.GetElapsedTime(from).TotalSeconds * rate); sent < Math.Min(due, total); sent++)
            {
                open.Add(BuyAsync(sent, stop.Token));
                if (sent % (rate * 30) == rate * 30 - 1)
                {
                    open.RemoveAll(o => o.IsCompletedSuccessfully);
                    tell();
                }
            }

            await Task.Delay(Turn, cancellation);
        }

        ended();
        if (_failure is null)
        {
            await Task.WhenAll(open);
        }

        await stop.CancelAsync();
        if (_failure is not null)
        {
            throw new BenchFailedException($"{_failure}; {Accepted} orders were accepted, {Delivered} of them showed their key");
        }
    }

    /// <summary>The first thing that goes wrong ends the run: its memory is then that of another story.</summary>
    private async Task BuyAsync(int number, CancellationToken cancellation)
    {
        try
        {
            var (url, token) = await OnSale.BuyAsync(http, feed.Sku(number), number, cancellation, Channels[number % Channels.Length]);
            Interlocked.Increment(ref _accepted);
            await FollowAsync(url, token, cancellation);
            Interlocked.Increment(ref _delivered);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            Interlocked.CompareExchange(ref _failure, $"order {number}: {e.Message}", null);
        }
        catch (OperationCanceledException)
        {
            // Another order has ended the run.
        }
    }

    private async Task FollowAsync(string url, string token, CancellationToken cancellation)
    {
        var from = Stopwatch.GetTimestamp();
        for (var wait = FirstLook; ; wait = wait * 2 > LongestWait ? LongestWait : wait * 2)
        {
            await Task.Delay(wait, cancellation);
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(url, UriKind.Relative));
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            using var shown = await http.SendAsync(request, cancellation);
            shown.EnsureSuccessStatusCode();
            var view = await shown.Content.ReadFromJsonAsync<JsonElement>(cancellation);
            if (view.TryGetProperty("delivery", out var delivery) && delivery.GetProperty("keys").GetArrayLength() == 1)
            {
                return;
            }

            if (Stopwatch.GetElapsedTime(from) > Patience)
            {
                throw new BenchFailedException($"not delivered within {Patience.TotalMinutes} minutes: {view}");
            }
        }
    }
}
