using System.Globalization;
using CardShop.Tests.Chaos.Load;
using CardShop.Tests.Chaos.Shop;
using Npgsql;

namespace CardShop.Tests.Chaos.Verdict;

/// <summary>The end of a run: no faults, no new orders, and everything must come to rest.</summary>
public static class Convergence
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Waits until every buyer has seen the end of his order, no order changes any more and nothing is left to be sent; or until
    /// the limit: what is not at rest then is for the verdict to name.
    /// </summary>
    /// <param name="show">Gets what is still missing.</param>
    public static async Task WaitAsync(
        ChaosShop shop, Buyers buyers, TimeSpan limit, Action<string> show, TimeProvider time, CancellationToken cancellation)
    {
        var from = time.GetTimestamp();
        while (time.GetElapsedTime(from) < limit)
        {
            try
            {
                var (orders, outbox, parked) = await ShopFactsReader.UnfinishedAsync(shop, cancellation);
                show(string.Create(CultureInfo.InvariantCulture, $"{orders:N0} orders under way, {outbox:N0} batches unsent, {parked:N0} messages parked"));
                if (buyers.Unfinished == 0 && orders == 0 && outbox == 0)
                {
                    return;
                }
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException)
            {
                show("the database does not answer: " + e.Message);
            }

            await Task.Delay(Pause, time, cancellation);
        }
    }
}
