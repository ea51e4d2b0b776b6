using System.Globalization;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Shop.Catalog;
using CardShop.Shop.Operators;

namespace CardShop.Api.Admin;

/// <summary><c>PUT /v1/admin/products/{sku}</c>: adds a product, or changes one.</summary>
public sealed class AdminCatalog(AdminCalls calls, AdminAccess access, AdminShop shop, OperatorGate gate, ApiSettings settings)
{
    public Task PutAsync(HttpContext context, string sku) => calls.RunAsync(context, async cancellation =>
    {
        var (by, refusal) = await access.RequireAsync(context, OperatorActions.ProductAdd, AdminInput.Subject(sku), cancellation);
        if (by is null)
        {
            return AdminAnswer.Of(refusal!);
        }

        var (call, wrong) = await AdminBodies.ReadAsync(context, AdminRequestJson.Default.ProductRequest, AdminExamples.Product);
        if (call is null)
        {
            return AdminAnswer.Of(wrong!);
        }

        await shop.RequireWritableAsync(cancellation);
        var present = ProductDraft.IsSku(sku) ? await CatalogStore.FindAsync(shop.Database, sku, cancellation) : null;
        var (product, faults) = DraftOf(sku, call.Request).ApplyTo(present);
        if (faults.Count > 0)
        {
            return AdminAnswer.Of(Problem.Fields(
                faults.GroupBy(f => f.Field).ToDictionary(f => f.Key, f => f.Select(x => "It " + x.Message + ".").ToArray())));
        }

        // The same once more is no change: a repeat finds its own work, whatever version it names.
        if (product != present && call.Request.Version is { } version && version != (present?.Version ?? 0))
        {
            var reason = string.Create(CultureInfo.InvariantCulture, $"the product is at version {present?.Version ?? 0}, not {version}");
            await gate.RefuseAsync(by, new(OperatorActions.ProductAdd, sku, call.Why, []), null, reason, cancellation);
            return AdminAnswer.Of(AdminRules.State(reason));
        }

        var deed = new Deed(OperatorActions.ProductAdd, sku, call.Why, []);
        return await gate.AskAsync(
            by, deed, call.Request.Approval, AdminRules.CommandId(by.Name, call.Key, deed), cancellation) switch
        {
            GateAnswer.Granted granted => await WriteAsync(granted.Grant, present, product, cancellation),
            GateAnswer.Refused refused => AdminAnswer.Of(AdminRules.Refused(refused.Reason)),
            _ => throw new InvalidOperationException("A change of a product waits for nobody."),
        };
    });

    private async Task<AdminAnswer> WriteAsync(
        OperatorGrant started, Product? present, Product product, CancellationToken cancellation)
    {
        await using var grant = started;
        var version = product.Version;
        if (product != present)
        {
            try
            {
                version = await CatalogStore.PutAsync(
                    shop.Database, product, settings.Region.ToString(), cancellation, present?.Version ?? 0);
            }
            catch (ConflictException e)
            {
                await grant.FailAsync(e.Message, cancellation);
                return AdminAnswer.Of(AdminRules.State(e.Message));
            }
        }

        await grant.DoneAsync(
            present is null ? null : ProductText.Describe(present), product == present ? "nothing has changed" : ProductText.Describe(product),
            cancellation);
        return AdminAnswer.Json(
            new AdminProduct(
                product with { Version = version }, await CatalogStore.IsPublishedAsync(shop.Database, product.Sku, version, cancellation)),
            AdminJson.Default.AdminProduct);
    }

    private static ProductDraft DraftOf(string sku, ProductRequest request) => new(
        sku, request.Name!, request.Price!.Value, request.MaxQuantity, request.Currency, request.Hold, request.HoldSeconds,
        request.WaitSeconds, request.OnSale, request.Kind)
    {
        Category = request.Category,
        Description = request.Description,
        Tiers = request.Tiers,
    };
}
