using CardShop.Api.Payments;
using CardShop.Api.Tables;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Log;
using CardShop.Shop.Operators;
using CardShop.Shop.Orders;
using CardShop.Shop.Store;

namespace CardShop.Api.Admin;

/// <summary>What operators look at. Every role may.</summary>
public sealed class AdminReads(
    AdminCalls calls, AdminAccess access, AdminShop shop, AuditTrail audit, ILog log, ShopTables tables, ChannelChoice channels,
    TimeProvider time)
{
    private const int MostWarnings = 100;
    private const int OrdersInStock = 5;
    private const string Kafka = "kafka";
    private const string Postgres = "postgresql";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    public Task MeAsync(HttpContext context) => ReadAsync(context, "me", (by, _) => Task.FromResult(
        AdminAnswer.Json(new AdminMe(by.Name, by.RoleName), AdminJson.Default.AdminMe)));

    public Task OrderAsync(HttpContext context, string id) => ReadAsync(context, "orders", async (_, cancellation) =>
    {
        var orderId = OrderIds.OfProviderNumber(id) ?? id;
        return OrderIds.IsValid(orderId) && await AdminQueries.OrderAsync(shop.Database, orderId, cancellation) is { } row
            ? AdminAnswer.Json(AdminOrderViews.Of(row), AdminJson.Default.AdminOrder)
            : AdminAnswer.Of(AdminOrders.NotFound);
    });

    public Task ReviewsAsync(HttpContext context, string? after, string? limit) => PageAsync(
        context, "reviews", limit, async (rows, cancellation) =>
        {
            var sagas = await ReviewQueries.OpenAsync(shop.Database, after, rows + 1, cancellation);
            return AdminAnswer.Json(
                new AdminReviews(
                    [.. sagas.Take(rows).Select(AdminOrderViews.ReviewOf)], sagas.Count > rows ? sagas[rows - 1].Id : null),
                AdminJson.Default.AdminReviews);
        });

    public Task ProductsAsync(HttpContext context, string? after, string? limit) => PageAsync(
        context, "products", limit, async (rows, cancellation) =>
        {
            var products = await AdminQueries.ProductsAsync(shop.Database, after ?? string.Empty, rows + 1, cancellation);
            return AdminAnswer.Json(
                new AdminProducts([.. products.Take(rows)], products.Count > rows ? products[rows - 1].Product.Sku : null),
                AdminJson.Default.AdminProducts);
        });

    public Task StockAsync(HttpContext context, string? after, string? limit) => PageAsync(
        context, "stock", limit, async (rows, cancellation) =>
        {
            var stock = await AdminQueries.StockAsync(shop.Database, after ?? string.Empty, rows + 1, cancellation);
            var skus = stock.Select(s => s.Sku).Distinct().ToList();
            var last = skus.Count > rows ? skus[rows - 1] : null;
            return AdminAnswer.Json(
                new AdminStock([.. last is null ? stock : stock.Where(s => s.Sku != skus[rows])], last), AdminJson.Default.AdminStock);
        });

    public Task AuditAsync(HttpContext context, string? from, string? limit) => PageAsync(
        context, "audit", limit, async (rows, cancellation) =>
        {
            var (after, since, wrong) = AdminInput.From(from, time.GetUtcNow());
            if (wrong is not null)
            {
                return AdminAnswer.Of(wrong);
            }

            var (records, next) = await audit.PageAsync(after, since, rows, cancellation).WaitAsync(Limit, time, cancellation);
            return AdminAnswer.Json(
                new AdminAudit([.. records.Select(r => r.Entry)], AdminInput.Next(next)), AdminJson.Default.AdminAudit);
        });

    /// <summary>What the shop looks like now; a server that is away takes only its own part with it.</summary>
    public Task OverviewAsync(HttpContext context) => ReadAsync(context, "overview", async (_, cancellation) =>
    {
        var ends = TryAsync(stop => log.EndsAsync([.. FleetGroups.All.SelectMany(g => g.Topics)], stop), cancellation);
        var database = TryAsync(async stop => Box.Of(await AdminQueries.OverviewAsync(shop.Database, stop)), cancellation);
        var fence = TryAsync(shop.LookAtFenceAsync, cancellation);
        await Task.WhenAll(ends, database, fence);
        var (logEnds, stored, fenced) = (await ends, await database, await fence);
        return AdminAnswer.Json(
            new AdminOverview(
                time.GetUtcNow(), [.. AwayOf(logEnds is null, stored is null)],
                new(
                    fenced is null ? "unknown" : fenced.Reason is null ? "open" : fenced.IsFenced ? "fenced" : "unknown",
                    fenced is null ? "the servers did not answer in time" : fenced.Reason),
                [.. Lag(logEnds, stored?.Value.Progress)], stored?.Value.Work,
                [.. channels.Names.Select(c => new AdminChannel(c, tables.IsUp(c), tables.DownProfiles(c)))], Warnings()),
            AdminJson.Default.AdminOverview);
    });

    private Task PageAsync(
        HttpContext context, string what, string? limit, Func<int, CancellationToken, Task<AdminAnswer>> read) => ReadAsync(
        context, what, (_, cancellation) => AdminInput.Limit(limit) switch
        {
            (_, { } wrong) => Task.FromResult(AdminAnswer.Of(wrong)),
            (var rows, _) => read(rows, cancellation),
        });

    private Task ReadAsync(HttpContext context, string what, Func<Operator, CancellationToken, Task<AdminAnswer>> read) =>
        calls.RunAsync(context, async cancellation =>
        {
            var (by, refusal) = await access.RequireAsync(context, AdminRules.View, what, cancellation);
            return by is null ? AdminAnswer.Of(refusal!) : await read(by, cancellation);
        });

    private async Task<T?> TryAsync<T>(Func<CancellationToken, Task<T>> read, CancellationToken cancellation)
        where T : class
    {
        try
        {
            return await read(cancellation).WaitAsync(Limit, time, cancellation);
        }
        catch (Exception e) when (Failures.IsPlace(e))
        {
            return null;
        }
    }

    private static IEnumerable<string> AwayOf(bool kafka, bool postgres)
    {
        if (kafka)
        {
            yield return Kafka;
        }

        if (postgres)
        {
            yield return Postgres;
        }
    }

    private IEnumerable<AdminLag> Lag(
        IReadOnlyDictionary<PartitionKey, long>? ends, IReadOnlyDictionary<(string Group, PartitionKey Partition), long>? progress) =>
        from fleet in FleetGroups.All
        from topic in fleet.Topics
        from partition in Enumerable.Range(0, topic.Partitions).Select(p => new PartitionKey(topic.Name, p))
        let end = ends is not null && ends.TryGetValue(partition, out var e) ? e : (long?)null
        let next = progress is null
            ? tables.ProcessedUpTo(partition.Topic, partition.Partition)
            : progress.GetValueOrDefault((fleet.Name, partition))
        select new AdminLag(
            fleet.Name, partition.Topic, partition.Partition, end, next, end is null || next is null ? null : Math.Max(0, end.Value - next.Value),
            progress is null ? "pulse" : "progress");

    /// <summary>From memory: it costs the database nothing, however many products there are.</summary>
    private AdminStockWarnings Warnings()
    {
        var low = tables.Products.Where(p => p.OnSale && p.Kind != ProductKind.Manual)
            .Select(p => (p.Sku, Available: tables.Available(p.Sku) ?? 0, Enough: (long)OrdersInStock * p.MaxQuantity))
            .Where(p => p.Available < p.Enough).ToList();
        return new(
            low.Count(p => p.Available <= 0), low.Count(p => p.Available > 0),
            [.. low.OrderBy(p => p.Available).ThenBy(p => p.Sku, StringComparer.Ordinal).Take(MostWarnings)
                .Select(p => new AdminStockWarning(p.Sku, p.Available))]);
    }

    private static class Box
    {
        public static Box<T> Of<T>(T value) => new(value);
    }

    /// <summary>What may be absent as a whole.</summary>
    private sealed record Box<T>(T Value);
}
