using System.Globalization;
using System.Text;
using System.Text.Json;

namespace CardShop.Tests.Chaos.Shop;

/// <summary>One product of a run.</summary>
/// <param name="Keys">How many keys it gets.</param>
/// <param name="HoldSeconds">How long its buyers may take to pay.</param>
/// <param name="Weight">Its share of the orders.</param>
public sealed record Good(string Sku, int Keys, int HoldSeconds, int Weight);

/// <summary>What a run sells: many products, one of them hot, one whose buyers have little time, one that runs out.</summary>
public static class Goods
{
    /// <summary>Every key's text begins with it, so that it can be looked for where it must not be.</summary>
    public const string KeyText = "CHAOSKEY";

    public const long Price = 1_000;

    public const int MaxQuantity = 5;

    private const int HotWeight = 30;
    private const int ScarceKeys = 300;

    /// <param name="orders">About how many will be placed.</param>
    public static IReadOnlyList<Good> For(int orders)
    {
        List<(string Sku, int Hold, int Weight)> list =
        [
            ("CHAOS-HOT", 120, HotWeight),
            .. Enumerable.Range(1, 10).Select(i => (string.Create(CultureInfo.InvariantCulture, $"CHAOS-{i:00}"), 120, 6)),
            ("CHAOS-HASTY", 45, 9),
            ("CHAOS-SCARCE", 120, 1),
        ];
        double weights = list.Sum(p => p.Weight);
        // A third more than is expected to be sold: quantities, and the luck of the draw.
        return [.. list.Select(p => new Good(
            p.Sku, p.Sku == "CHAOS-SCARCE" ? ScarceKeys : (int)(orders * p.Weight / weights * 1.7) + 500, p.Hold, p.Weight))];
    }

    /// <summary>Creates products and imports their keys the way operators do; returns when the API sells them.</summary>
    public static async Task StockAsync(ChaosShop shop, IReadOnlyList<Good> goods, Action<string> say, CancellationToken cancellation)
    {
        say(string.Create(CultureInfo.InvariantCulture, $"{goods.Count} products with {goods.Sum(g => g.Keys):N0} keys"));
        await Parallel.ForEachAsync(goods, new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = cancellation }, async (good, stop) =>
        {
            await shop.Shopctl.RunAsync(
                "product", "add", good.Sku, "--name", "Game card " + good.Sku, "--price", Number(Price), "--max-quantity", Number(MaxQuantity),
                "--hold-seconds", Number(good.HoldSeconds));
            var file = shop.Folder.Of(good.Sku + ".txt");
            await File.WriteAllTextAsync(file, Keys(good), stop);
            await shop.Shopctl.RunAsync("keys", "import", good.Sku, file, "--batch-size", "5000");
            File.Delete(file);
        });

        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        foreach (var api in shop.Apis)
        {
            await UntilSoldAsync(http, api, goods.Count, cancellation);
        }
    }

    private static async Task UntilSoldAsync(HttpClient http, Uri api, int count, CancellationToken cancellation)
    {
        for (var attempt = 0; attempt < 300; attempt++)
        {
            using var answer = await http.GetAsync(new Uri(api, "/v1/products"), cancellation);
            if (answer.IsSuccessStatusCode)
            {
                using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(cancellation));
                var sold = json.RootElement.GetProperty("products").EnumerateArray()
                    .Count(p => p.TryGetProperty("stock", out var stock) && stock.ValueKind == JsonValueKind.Number && stock.GetInt64() > 0);
                if (sold >= count)
                {
                    return;
                }
            }

            await Task.Delay(100, cancellation);
        }

        throw new ChaosFailedException($"{api} does not sell all {count} products");
    }

    private static string Keys(Good good)
    {
        var text = new StringBuilder();
        for (var i = 0; i < good.Keys; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{KeyText}-{good.Sku}-{i:D7}\n");
        }

        return text.ToString();
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
