using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;

namespace CardShop.Tests.Chaos.Drills.Regions;

/// <summary>An acknowledged order of a region.</summary>
internal sealed class RegionOrder(string id, string token, DateTimeOffset at)
{
    private int _paid;

    public string Id => id;

    public string Token => token;

    /// <summary>When the buyer heard that it was accepted.</summary>
    public DateTimeOffset At => at;

    /// <summary>The provider's number of its payment; null while there is no link.</summary>
    public string? Number { get; set; }

    /// <summary>The provider has the buyer's money.</summary>
    public bool IsPaid => Volatile.Read(ref _paid) == 1;

    public void Paid() => Volatile.Write(ref _paid, 1);
}

/// <summary>Buyers of one region: they order at a steady pace, wait for the link and pay.</summary>
internal sealed class RegionBuyers(Uri sandbox) : IDisposable
{
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(5) };
    private readonly ConcurrentQueue<RegionOrder> _orders = new();
    private int _names;

    /// <summary>Orders that an API has acknowledged.</summary>
    public IReadOnlyCollection<RegionOrder> Orders => _orders;

    /// <summary>Places orders until cancelled; every tenth buyer does not pay yet.</summary>
    public async Task RunAsync(Uri api, string sku, int perSecond, CancellationToken until)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / perSecond));
        var running = new List<Task>();
        try
        {
            for (var i = 1; await timer.WaitForNextTickAsync(until); i++)
            {
                running.Add(BuyAsync(api, sku, pays: i % 10 != 0, until));
            }
        }
        catch (OperationCanceledException) when (until.IsCancellationRequested)
        {
            // Enough.
        }

        await Task.WhenAll(running);
    }

    /// <returns>The order; null where it was not acknowledged.</returns>
    public async Task<RegionOrder?> PlaceAsync(Uri api, string sku, CancellationToken cancel)
    {
        var body = string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"sku":"{{sku}}","quantity":1,"contact":"buyer{{Interlocked.Increment(ref _names)}}@example.org","channel":"alipay"}""");
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        try
        {
            using var answer = await _http.PostAsync(new Uri(api, "/v1/orders"), content, cancel);
            if (answer.StatusCode != HttpStatusCode.Accepted)
            {
                return null;
            }

            using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(cancel));
            var order = new RegionOrder(
                json.RootElement.GetProperty("orderId").GetString()!, json.RootElement.GetProperty("token").GetString()!,
                DateTimeOffset.UtcNow);
            _orders.Enqueue(order);
            return order;
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is TaskCanceledException && !cancel.IsCancellationRequested))
        {
            return null;
        }
    }

    /// <summary>Pays an order whose link is known.</summary>
    public async Task PayAsync(RegionOrder order, CancellationToken cancel)
    {
        using var answer = await _http.PostAsync(new Uri(sandbox, "/pay/" + order.Number), null, cancel);
        answer.EnsureSuccessStatusCode();
        order.Paid();
    }

    /// <summary>Asks until the order has a link.</summary>
    /// <returns>False where it has none before the end.</returns>
    public async Task<bool> LinkAsync(Uri api, RegionOrder order, CancellationToken until)
    {
        while (!until.IsCancellationRequested)
        {
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(api, "/v1/orders/" + order.Id));
                request.Headers.Authorization = new("Bearer", order.Token);
                using var answer = await _http.SendAsync(request, until);
                using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(until));
                if (json.RootElement.TryGetProperty("payment", out var payment) && payment.GetProperty("link").GetString() is { } link)
                {
                    order.Number = link[(link.LastIndexOf('/') + 1)..];
                    return true;
                }

                await Task.Delay(100, until);
            }
            catch (Exception e) when (e is HttpRequestException or IOException or JsonException or OperationCanceledException)
            {
                // The region may be gone: the loop ends with its buyers.
                await Task.WhenAny(Task.Delay(100, CancellationToken.None));
            }
        }

        return false;
    }

    public void Dispose() => _http.Dispose();

    private async Task BuyAsync(Uri api, string sku, bool pays, CancellationToken until)
    {
        if (await PlaceAsync(api, sku, CancellationToken.None) is { } order && await LinkAsync(api, order, until) && pays)
        {
            await PayAsync(order, CancellationToken.None);
        }
    }
}
