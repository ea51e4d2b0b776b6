using System.Diagnostics;

namespace CardShop.Tests.Bench.Machine;

/// <summary>An API that has just started knows its products when it has read them from Kafka.</summary>
internal static class OnSale
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>Waits until the API sells so many products with stock.</summary>
    public static async Task UntilAsync(HttpClient http, int products, CancellationToken cancellation)
    {
        var from = Stopwatch.GetTimestamp();
        while (true)
        {
            using var answer = await http.GetAsync(new Uri("/v1/products", UriKind.Relative), cancellation);
            var text = await answer.Content.ReadAsStringAsync(cancellation);
            if (answer.IsSuccessStatusCode && text.Split("\"stock\":").Length > products)
            {
                return;
            }

            if (Stopwatch.GetElapsedTime(from) > Limit)
            {
                throw new BenchFailedException($"The API does not sell the products within {Limit.TotalSeconds} s: {text}");
            }

            await Task.Delay(100, cancellation);
        }
    }
}
