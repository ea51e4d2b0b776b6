using System.Diagnostics;
using System.Globalization;
using CardShop.Shopctl.Settings;
using CardShop.Tests.Chaos.Load;
using CardShop.Tests.Chaos.Shop;

namespace CardShop.Tests.Chaos.Verdict;

/// <summary>Asks everybody (buyers, provider, partner, documents, shopctl audit, the files) and lets the rules judge.</summary>
public static class Judgement
{
    private const int StoriesTold = 5;

    /// <returns>Every broken promise; the stories of the first few are told.</returns>
    public static async Task<IReadOnlyList<Violation>> OfAsync(
        ChaosShop shop, Buyers buyers, PartnerFeed partner, Action<string> say, TimeSpan logLimit, TimeProvider time,
        CancellationToken cancellation)
    {
        await UntilReadAsync(partner, logLimit, time, cancellation);
        say("reading documents and books");
        var documents = await ShopFactsReader.DocumentsAsync(shop, cancellation);
        var books = await ShopFactsReader.BooksAsync(shop, cancellation);
        var orders = buyers.Orders;
        var found = new List<Violation>();
        foreach (var order in orders)
        {
            if (order.Wrong is { } wrong)
            {
                var colon = wrong.IndexOf(':', StringComparison.Ordinal);
                found.Add(new(int.Parse(wrong[..colon], CultureInfo.InvariantCulture), order.Id, wrong[(colon + 2)..]));
            }

            if (order.Id is { } id)
            {
                var history = new BuyerHistory(id, order.Plan.Sku, order.Plan.Quantity, order.Amount, order.Payments, order.Seen, order.Keys);
                found.AddRange(VerdictRules.Of(
                    history, documents.GetValueOrDefault(id), books.GetValueOrDefault(id), ViewOf(partner.Orders.GetValueOrDefault(id))));
            }
        }

        found.AddRange(VerdictRules.Shared(documents.Where(d => d.Value.IsDelivered).Select(d => (d.Key, d.Value.Keys))));
        found.AddRange(partner.Wrong.Select(w => new Violation(7, null, w)));
        say(string.Create(
            CultureInfo.InvariantCulture,
            $"{orders.Count(o => o.Id is not null):N0} acknowledged orders judged against {documents.Count:N0} documents, {books.Count:N0} accounts of the provider, {partner.Events:N0} events: {found.Count} violations"));
        Count(documents, say);
        found.AddRange(await AuditAsync(shop, say));
        found.AddRange(await PlaintextAsync(shop, say));
        await TellAsync(shop, found, orders, say);
        return found;
    }

    /// <summary>The feed is read to its end when nothing has come for a while.</summary>
    private static async Task UntilReadAsync(PartnerFeed partner, TimeSpan limit, TimeProvider time, CancellationToken cancellation)
    {
        var from = time.GetTimestamp();
        for (var (quiet, seen) = (0, -1); quiet < 5 && time.GetElapsedTime(from) < limit;)
        {
            var now = partner.Events;
            quiet = now == seen ? quiet + 1 : 0;
            seen = now;
            await Task.Delay(TimeSpan.FromSeconds(1), time, cancellation);
        }
    }

    private static PartnerView? ViewOf(PartnerOrder? order) =>
        order is null ? null : new(order.Delivered.Count, order.Keys, order.IsRefunded, order.IsExpired);

    private static void Count(Dictionary<string, OrderDocuments> documents, Action<string> say) => say(
        "ends: " + string.Join(", ", documents.Values
            .GroupBy(d => d.IsDelivered ? "delivered" : d.Payment.ToString().ToLowerInvariant())
            .OrderByDescending(g => g.Count()).Select(g => string.Create(CultureInfo.InvariantCulture, $"{g.Key} {g.Count():N0}"))));

    private static async Task<IEnumerable<Violation>> AuditAsync(ChaosShop shop, Action<string> say)
    {
        var (code, output) = await shop.Shopctl.TryAsync("audit", "--grace-seconds", "0");
        say("shopctl audit: " + output.Trim().Split('\n')[^1]);
        return code == ExitCodes.Ok
            ? []
            : output.Split('\n').Where(l => l.Contains("VIOLATED:", StringComparison.Ordinal)).DefaultIfEmpty("0 VIOLATED: shopctl audit failed: " + output)
                .Select(l => new Violation(l[0] - '0', null, "shopctl audit: " + l.Trim()));
    }

    /// <summary>Key text in the log broker's, RabbitMQ's or PostgreSQL's files, or in a process's log.</summary>
    private static async Task<IEnumerable<Violation>> PlaintextAsync(ChaosShop shop, Action<string> say)
    {
        using var grep = Process.Start(new ProcessStartInfo(
            "grep", ["-rlaF", "--exclude-dir=lost+found", "--exclude=image", Goods.KeyText + "-", shop.Folder.Path]) { RedirectStandardOutput = true })!;
        var files = (await grep.StandardOutput.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        await grep.WaitForExitAsync();
        say($"key text looked for in every file of every server and log: {files.Length} files have it");
        return files.Select(f => new Violation(9, null, "key text stands in " + f));
    }

    private static async Task TellAsync(ChaosShop shop, List<Violation> found, IReadOnlyList<BuyerOrder> orders, Action<string> say)
    {
        foreach (var id in found.Select(v => v.OrderId).OfType<string>().Distinct().Take(StoriesTold))
        {
            say($"the story of {id}:");
            foreach (var violation in found.Where(v => v.OrderId == id))
            {
                say("  " + violation);
            }

            foreach (var order in orders.Where(o => o.Id == id))
            {
                say($"  buyer {order.Number}: {order.Plan}");
                foreach (var note in order.Notes)
                {
                    say("    " + note);
                }
            }

            var (_, story) = await shop.Shopctl.TryAsync("order", id, "--story");
            foreach (var line in story.TrimEnd().Split('\n'))
            {
                say("    " + line);
            }
        }
    }
}
