using System.Globalization;
using System.Text.Json;

namespace CardShop.Tests.Chaos.Drills.Load;

/// <summary>What the shop says at the end: what it acknowledged, it delivered, once; and its own audit finds nothing.</summary>
internal static class ShopVerdict
{
    private const int AskAtOnce = 8;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    /// <summary>Waits until every acknowledged order is delivered, reads what was delivered, and runs <c>shopctl audit</c>.</summary>
    public static async Task<IReadOnlyList<DrillFigure>> OfAsync(DrillRun run, DrillShop shop, Buyers buyers, CancellationToken cancel)
    {
        var accepted = buyers.Accepted;
        run.Say(string.Create(CultureInfo.InvariantCulture, $"asking for {accepted.Count} acknowledged orders"));
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = shop.Inside, Timeout = TimeSpan.FromSeconds(10) };
        var open = accepted;
        var until = DateTimeOffset.UtcNow + Limit;
        while (open.Count > 0 && DateTimeOffset.UtcNow < until)
        {
            await Parallel.ForEachAsync(
                open, new ParallelOptions { MaxDegreeOfParallelism = AskAtOnce, CancellationToken = cancel },
                async (purchase, stop) => Take(purchase, await AskAsync(http, purchase, stop)));
            open = [.. open.Where(p => p.DeliveredAt is null)];
            await Task.Delay(open.Count > 0 ? 1_000 : 0, cancel);
        }

        var keys = accepted.SelectMany(p => p.Keys).ToList();
        var audit = await shop.TryShopctlAsync(cancel, "audit", "--grace-seconds", "60");
        return
        [
            Count("orders acknowledged", accepted.Count, "more than 0", accepted.Count > 0),
            Count("… of them not delivered", open.Count, "0", open.Count == 0),
            Count("keys delivered", keys.Count, "one each", keys.Count == accepted.Count),
            Count("keys delivered twice", keys.Count - keys.Distinct().Count(), "0", keys.Distinct().Count() == keys.Count),
            new("shopctl audit", audit == 0 ? "no violation" : $"exit code {audit}", "no violation", audit == 0),
        ];
    }

    /// <summary>A figure that is a number.</summary>
    public static DrillFigure Count(string what, int count, string asked, bool holds) =>
        new(what, count.ToString("N0", CultureInfo.InvariantCulture), asked, holds);

    /// <summary>A figure that is a time with an upper bound.</summary>
    public static DrillFigure Within(string what, TimeSpan took, TimeSpan atMost) => new(
        what, string.Create(CultureInfo.InvariantCulture, $"{took.TotalSeconds:0.0} s"),
        string.Create(CultureInfo.InvariantCulture, $"at most {atMost.TotalSeconds:0.#} s"), took <= atMost);

    private static async Task<string?> AskAsync(HttpClient http, Purchase purchase, CancellationToken cancel)
    {
        using var request = Buyers.With(purchase, new(HttpMethod.Get, new Uri("/v1/orders/" + purchase.Id, UriKind.Relative)));
        using var answer = await http.SendAsync(request, cancel);
        return answer.IsSuccessStatusCode ? await answer.Content.ReadAsStringAsync(cancel) : null;
    }

    private static void Take(Purchase purchase, string? body)
    {
        if (body is null)
        {
            return;
        }

        using var json = JsonDocument.Parse(body);
        if (json.RootElement.GetProperty("status").GetString() == "delivered"
            && json.RootElement.TryGetProperty("delivery", out var delivery)
            && delivery.TryGetProperty("keys", out var keys) && keys.ValueKind == JsonValueKind.Array)
        {
            purchase.DeliveredAt = delivery.GetProperty("deliveredAt").GetDateTimeOffset();
            purchase.Keys = [.. keys.EnumerateArray().Select(k => k.GetProperty("secret").GetString()!)];
        }
    }
}
