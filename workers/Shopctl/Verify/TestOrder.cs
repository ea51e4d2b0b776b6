using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using CardShop.Shopctl.Settings;

namespace CardShop.Shopctl.Verify;

/// <summary>An order of the test product, as its buyer sees it.</summary>
internal sealed record TestOrder(string Id, string Token);

/// <summary>Places orders of the test product and looks at them.</summary>
internal sealed class TestOrders(VerifyClient client, string sku, string channel, TimeProvider time)
{
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(50);

    /// <summary>A contact of its own each time: the limit of open orders per contact is not what is verified.</summary>
    public string NewBody() => string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"sku":"{{sku}}","quantity":1,"contact":"verify-{{RandomNumberGenerator.GetHexString(12, lowercase: true)}}@example.org","channel":"{{channel}}"}""");

    public static string NewKey() => RandomNumberGenerator.GetHexString(32, lowercase: true);

    public Task<HttpAnswer> PostAsync(string body, string key, CancellationToken cancellation) =>
        client.SendAsync(HttpMethod.Post, "/v1/orders", cancellation, null, body, ("Idempotency-Key", key));

    public Task<HttpAnswer> ShowAsync(TestOrder order, CancellationToken cancellation) =>
        client.SendAsync(HttpMethod.Get, "/v1/orders/" + order.Id, cancellation, order.Token);

    public Task<HttpAnswer> CancelAsync(TestOrder order, CancellationToken cancellation) =>
        client.SendAsync(HttpMethod.Post, $"/v1/orders/{order.Id}/cancel", cancellation, order.Token);

    public static TestOrder? Read(HttpAnswer answer) =>
        answer.Status == 202 && answer.Text("orderId") is { } id && answer.Text("token") is { } token ? new(id, token) : null;

    /// <summary>Where the buyer pays; null where there is no link yet.</summary>
    public static string? LinkOf(HttpAnswer answer)
    {
        using var json = JsonDocument.Parse(answer.Body);
        return json.RootElement.TryGetProperty("payment", out var payment) && payment.TryGetProperty("link", out var link)
            ? link.GetString()
            : null;
    }

    /// <returns>How many keys a delivered order shows.</returns>
    public static int KeysOf(HttpAnswer answer)
    {
        using var json = JsonDocument.Parse(answer.Body);
        return json.RootElement.TryGetProperty("delivery", out var delivery) && delivery.TryGetProperty("keys", out var keys)
            ? keys.GetArrayLength()
            : 0;
    }

    /// <summary>Asks every 50 ms until the answer is as wanted.</summary>
    /// <returns>The last answer, and whether it is as wanted.</returns>
    public async Task<(HttpAnswer Last, bool Came)> UntilAsync(
        Func<Task<HttpAnswer>> ask, Func<HttpAnswer, bool> isThere, TimeSpan patience, CancellationToken cancellation)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            var answer = await ask();
            if (isThere(answer))
            {
                return (answer, true);
            }

            if (time.GetElapsedTime(started) >= patience)
            {
                return (answer, false);
            }

            await Task.Delay(PollEvery, time, cancellation);
        }
    }

    /// <exception cref="ShopctlException">No channel is up.</exception>
    public static string FirstChannel(HttpAnswer products)
    {
        using var json = JsonDocument.Parse(products.Body);
        return json.RootElement.TryGetProperty("channels", out var channels)
            ? channels.EnumerateArray().Where(c => c.GetProperty("up").GetBoolean())
                .Select(c => c.GetProperty("name").GetString()).FirstOrDefault() ?? throw NoChannel()
            : throw NoChannel();
    }

    private static ShopctlException NoChannel() =>
        new(ExitCodes.Failed, "No payment channel is up: no order can be verified. See 'shopctl channels'.");
}
