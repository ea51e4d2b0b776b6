using CardShop.Shop.Operators;
using CardShop.Shop.Orders;
using CardShop.Shop.Store;

namespace CardShop.Api.Admin;

/// <summary>What operators look at. Every role may.</summary>
public sealed class AdminReads(
    AdminCalls calls, AdminAccess access, AdminShop shop, AuditTrail audit, ShopLook look, TimeProvider time)
{
    private const int MostManual = 100;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    public Task MeAsync(HttpContext context) => ReadAsync(context, "me", (by, _) => Task.FromResult(
        AdminAnswer.Json(new AdminMe(by.Name, by.RoleName, access.ShownBy(context.Request)?.EndsAt), AdminJson.Default.AdminMe)));

    public Task OrderAsync(HttpContext context, string id) => ReadAsync(context, "orders", async (_, cancellation) =>
    {
        var orderId = OrderIds.OfProviderNumber(id) ?? id;
        return OrderIds.IsValid(orderId) && await OrderDocuments.FindAsync(shop.Database, orderId, cancellation) is { } row
            ? AdminAnswer.Json(AdminOrderViews.Of(row), AdminJson.Default.AdminOrder)
            : AdminAnswer.Of(AdminOrders.NotFound);
    });

    public Task ReviewsAsync(HttpContext context, string? after, string? limit) => PageAsync(
        context, "reviews", limit, async (rows, cancellation) =>
        {
            var sagas = await ReviewQueries.OpenAsync(shop.Database, after, rows + 1, cancellation);
            var manual = after is null ? await ManualOrders.WaitingAsync(shop.Database, MostManual, cancellation) : [];
            return AdminAnswer.Json(
                new AdminReviews(
                    [.. sagas.Take(rows).Select(AdminOrderViews.ReviewOf)],
                    [.. manual.Select(m => new AdminManual(m.OrderId, m.Sku, m.Quantity, m.PaidAt, m.Until))],
                    sagas.Count > rows ? sagas[rows - 1].Id : null),
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
        AdminAnswer.Json(await look.GetAsync(cancellation), AdminJson.Default.AdminOverview));

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
}
