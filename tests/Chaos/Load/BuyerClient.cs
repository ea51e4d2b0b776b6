using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using CardShop.Shop.Keys;

namespace CardShop.Tests.Chaos.Load;

/// <summary>How placing an order ended.</summary>
public enum Placing
{
    Accepted,

    /// <summary>The shop said properly that there is none left.</summary>
    SoldOut,

    /// <summary>Not within the buyer's patience.</summary>
    TurnedAway,
}

/// <summary>An order as its page shows it.</summary>
/// <param name="Number">The provider's number of the payment that can be paid now.</param>
public sealed record OrderPage(string Status, bool Degraded, string? Channel, string? Number, IReadOnlyList<Guid>? Keys);

/// <summary>A buyer's browser and phone: the shop's API by way of the balancer, and the provider.</summary>
public sealed class BuyerClient : IDisposable
{
    /// <summary>How long a buyer tries to place one order.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan TryLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    private static readonly string[] Channels = ["alipay", "wechat", "unionpay"];

    private readonly Balancer _balancer;
    private readonly KeyVault _vault;
    private readonly Uri _sandbox;
    private readonly LoadMeter _meter;
    private readonly HttpClient _orders = Client(512);
    private readonly HttpClient _pages = Client(128);

    public BuyerClient(Balancer balancer, KeyVault vault, Uri sandbox, LoadMeter meter)
    {
        _balancer = balancer;
        _vault = vault;
        _sandbox = sandbox;
        _meter = meter;
    }

    /// <summary>Places an order, again under the same key where an answer is missing.</summary>
    /// <param name="key">The Idempotency-Key.</param>
    /// <param name="due">When it was due: the buyer's patience begins then.</param>
    public async Task<(Placing How, bool AtOnce)> PlaceAsync(BuyerOrder order, string key, TimeSpan due, CancellationToken cancellation)
    {
        var failed = -1;
        for (var attempt = 1; ; attempt++)
        {
            var (number, address) = _balancer.Next(failed);
            var left = Patience - (_meter.Now - due);
            var why = "no time left";
            if (left > TimeSpan.Zero)
            {
                try
                {
                    if (await TryPlaceAsync(order, key, address, left < TryLimit ? left : TryLimit, cancellation) is { } how)
                    {
                        return (how, attempt == 1);
                    }

                    why = "503";
                }
                catch (Exception e) when (IsAbsence(e, cancellation))
                {
                    _balancer.Suspect(number);
                    why = e is OperationCanceledException ? "no answer in time" : e.GetBaseException().Message;
                }
            }

            order.Note(_meter.Now, $"order, try {attempt} at {address.Port}: {why}");
            failed = number;
            if (_meter.Now - due + Pause > Patience)
            {
                return (Placing.TurnedAway, false);
            }

            await Task.Delay(Pause, cancellation);
        }
    }

    /// <returns>Null when the page could not be read now.</returns>
    public async Task<OrderPage?> ShowAsync(BuyerOrder order, CancellationToken cancellation)
    {
        var text = await SendAsync(HttpMethod.Get, $"/v1/orders/{order.Id}", order.Token, null, order, cancellation);
        if (text is null)
        {
            return null;
        }

        using var json = JsonDocument.Parse(text);
        var view = json.RootElement;
        var payment = view.TryGetProperty("payment", out var p) ? p : default;
        var link = payment.ValueKind == JsonValueKind.Object ? payment.GetProperty("link").GetString() : null;
        return new(
            view.GetProperty("status").GetString()!, view.TryGetProperty("degraded", out var degraded) && degraded.GetBoolean(),
            link is null ? null : payment.GetProperty("channel").GetString(), link?[(link.LastIndexOf('/') + 1)..],
            view.TryGetProperty("delivery", out var delivery) ? [.. delivery.GetProperty("keys").EnumerateArray().Select(k => IdOf(order, k))] : null);
    }

    public async Task<bool> CancelAsync(BuyerOrder order, CancellationToken cancellation) =>
        await SendAsync(HttpMethod.Post, $"/v1/orders/{order.Id}/cancel", order.Token, null, order, cancellation) is not null;

    public async Task<bool> SwitchAsync(BuyerOrder order, string channel, CancellationToken cancellation) =>
        await SendAsync(
            HttpMethod.Post, $"/v1/orders/{order.Id}/channel", order.Token, $$"""{"channel":"{{channel}}"}""", order, cancellation) is not null;

    /// <summary>Pays at the provider.</summary>
    /// <param name="late">Also when the provider has closed the trade: the money was under way.</param>
    /// <returns>True: paid. False: it cannot be paid any more. Null: the provider did not answer.</returns>
    public async Task<bool?> PayAsync(string number, bool late, CancellationToken cancellation)
    {
        try
        {
            using var answer = await _pages.PostAsync(
                new Uri(_sandbox, late ? $"/control/trades/{number}/pay-late" : "/pay/" + number), null, cancellation);
            return answer.StatusCode == HttpStatusCode.OK ? true
                : answer.StatusCode == HttpStatusCode.Conflict ? false
                : null;
        }
        catch (Exception e) when (IsAbsence(e, cancellation))
        {
            return null;
        }
    }

    public void Dispose()
    {
        _orders.Dispose();
        _pages.Dispose();
    }

    private static HttpClient Client(int connections) => new(new SocketsHttpHandler
    {
        UseProxy = false,
        MaxConnectionsPerServer = connections,
        ConnectTimeout = TimeSpan.FromSeconds(1),
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
    })
    {
        Timeout = TimeSpan.FromSeconds(5),
    };

    private static bool IsAbsence(Exception e, CancellationToken cancellation) =>
        e is HttpRequestException or IOException || (e is OperationCanceledException && !cancellation.IsCancellationRequested);

    /// <returns>Null where the shop asks to come again.</returns>
    private async Task<Placing?> TryPlaceAsync(
        BuyerOrder order, string key, Uri address, TimeSpan limit, CancellationToken cancellation)
    {
        using var timed = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timed.CancelAfter(limit);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(address, "/v1/orders"));
        request.Headers.TryAddWithoutValidation("Idempotency-Key", $"{key}-{order.Channel}");
        request.Content = new StringContent(
            string.Create(
                CultureInfo.InvariantCulture,
                $$"""{"sku":"{{order.Plan.Sku}}","quantity":{{order.Plan.Quantity}},"contact":"buyer{{order.Number}}@example.org","channel":"{{order.Channel}}"}"""),
            Encoding.UTF8, "application/json");
        using var answer = await _orders.SendAsync(request, timed.Token);
        var text = await answer.Content.ReadAsStringAsync(timed.Token);
        switch (answer.StatusCode)
        {
            case HttpStatusCode.Accepted:
                Take(order, text);
                return Placing.Accepted;
            case HttpStatusCode.Conflict:
                return Placing.SoldOut;
            case HttpStatusCode.BadRequest when order.Id is not null && text.Contains("is down at this moment", StringComparison.Ordinal):
                // The repeat of an order that was accepted: with another channel it would be another order.
                return Placing.TurnedAway;
            case HttpStatusCode.BadRequest when text.Contains("is down at this moment", StringComparison.Ordinal):
                // A buyer who reads that takes another way to pay: it is another order then.
                order.Channel = Channels[(Array.IndexOf(Channels, order.Channel) + 1) % Channels.Length];
                return null;
            case HttpStatusCode.ServiceUnavailable:
                if (answer.Headers.RetryAfter is null)
                {
                    order.Wrong ??= "11: 503 without Retry-After: " + text;
                }

                return null;
            default:
                order.Wrong ??= $"6: an order was answered with {(int)answer.StatusCode}: {text}";
                return null;
        }
    }

    private static void Take(BuyerOrder order, string text)
    {
        using var json = JsonDocument.Parse(text);
        var id = json.RootElement.GetProperty("orderId").GetString()!;
        if (order.Id is { } before && before != id)
        {
            order.Wrong ??= $"8: the same key gave the order {before} and then {id}";
        }

        order.Id = id;
        order.Token = json.RootElement.GetProperty("token").GetString()!;
        order.Amount = json.RootElement.GetProperty("amount").GetProperty("minor").GetInt64();
    }

    private async Task<string?> SendAsync(
        HttpMethod method, string path, string token, string? body, BuyerOrder order, CancellationToken cancellation)
    {
        var (number, address) = _balancer.Next();
        try
        {
            using var request = new HttpRequestMessage(method, new Uri(address, path));
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            if (body is not null)
            {
                request.Content = new StringContent(body, Encoding.UTF8, "application/json");
            }

            using var answer = await _pages.SendAsync(request, cancellation);
            var text = await answer.Content.ReadAsStringAsync(cancellation);
            if (!answer.IsSuccessStatusCode)
            {
                order.Note(_meter.Now, $"{method} {path}: {(int)answer.StatusCode} {text}");
            }

            return answer.IsSuccessStatusCode ? text : null;
        }
        catch (Exception e) when (IsAbsence(e, cancellation))
        {
            _balancer.Suspect(number);
            return null;
        }
    }

    /// <summary>The id that a key's text has: a buyer's key is compared with the shop's documents without its text being kept.</summary>
    private Guid IdOf(BuyerOrder order, JsonElement key) => _vault.IdOf(
        order.Plan.Sku,
        new(key.TryGetProperty("number", out var n) && n.ValueKind == JsonValueKind.String ? n.GetString() : null, key.GetProperty("secret").GetString()!));
}
