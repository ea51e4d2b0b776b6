using System.ComponentModel;
using System.Text.Json.Nodes;
using CardShop.Shop.Operators;
using Microsoft.OpenApi;

namespace CardShop.Api.Admin;

/// <summary><c>/v1/admin/…</c>: the map of the operators' interface.</summary>
internal static class AdminRoutes
{
    private const string Base = "/v1/admin/";

    public static void MapAdmin(this WebApplication app)
    {
        MapReads(app);
        AdminStatistics.Map(app);
        MapDecisions(app);
    }

    private static void MapReads(WebApplication app)
    {
        var reads = app.Services.GetRequiredService<AdminReads>();
        var approvals = app.Services.GetRequiredService<AdminApprovalDesk>();
        app.MapGet(Base + "me", (Delegate)((HttpContext c) => reads.MeAsync(c)))
            .Reads<AdminMe>("Who the key says you are");
        app.MapGet(Base + "overview", (Delegate)((HttpContext c) => reads.OverviewAsync(c)))
            .Reads<AdminOverview>("What is waiting, and what is not well");
        app.MapGet(Base + "orders/{id}", (HttpContext c, string id) => reads.OrderAsync(c, id))
            .Reads<AdminOrder>("Show an order, without contact and key text").ProducesProblems(404);
        app.MapGet(
            Base + "reviews",
            (HttpContext c, [Description(AdminExamples.AfterText)] string? after, [Description(AdminExamples.LimitText)] string? limit) =>
                reads.ReviewsAsync(c, after, limit))
            .Reads<AdminReviews>("List orders that need a person").ProducesProblems(400);
        app.MapGet(
            Base + "products",
            (HttpContext c, [Description(AdminExamples.AfterText)] string? after, [Description(AdminExamples.LimitText)] string? limit) =>
                reads.ProductsAsync(c, after, limit))
            .Reads<AdminProducts>("List products with all their settings").ProducesProblems(400);
        app.MapGet(
            Base + "stock",
            (HttpContext c, [Description(AdminExamples.AfterText)] string? after, [Description(AdminExamples.LimitText)] string? limit) =>
                reads.StockAsync(c, after, limit))
            .Reads<AdminStock>("List the counters of stock; limit counts products").ProducesProblems(400);
        app.MapGet(
            Base + "audit",
            (HttpContext c,
                [Description("From when, as 2030-01-01T00:00:00Z, or the 'next' of an earlier answer; absent = the last 24 hours.")]
                string? from,
                [Description(AdminExamples.LimitText)] string? limit) => reads.AuditAsync(c, from, limit))
            .Reads<AdminAudit>("Read the audit").ProducesProblems(400);
        app.MapGet(Base + "approvals", (Delegate)((HttpContext c) => approvals.ListAsync(c)))
            .Reads<AdminApprovals>("List the approvals of the last 24 hours");
    }

    private static void MapDecisions(WebApplication app)
    {
        var orders = app.Services.GetRequiredService<AdminOrders>();
        var catalog = app.Services.GetRequiredService<AdminCatalog>();
        var approvals = app.Services.GetRequiredService<AdminApprovalDesk>();
        app.MapPost(Base + "reviews/{id}/confirm-paid", (HttpContext c, string id) => orders.ConfirmPaidAsync(c, id))
            .Decides<ConfirmPaidRequest>(
                "The money has been seen: the order is paid", OperatorActions.OrderConfirmPaid, AdminExamples.ConfirmPaid);
        app.MapPost(Base + "reviews/{id}/refund", (HttpContext c, string id) => orders.RefundAsync(c, id))
            .Decides<RefundRequest>("Give money back", OperatorActions.OrderRefund, AdminExamples.Refund);
        app.MapPost(Base + "reviews/{id}/deliver", (HttpContext c, string id) => orders.DeliverAsync(c, id))
            .Decides<DecisionRequest>("Deliver a paid order from stock", OperatorActions.OrderDeliver, AdminExamples.Decision);
        app.MapPost(Base + "reviews/{id}/dismiss", (HttpContext c, string id) => orders.DismissAsync(c, id))
            .Decides<DecisionRequest>("Close the open cases of an order", OperatorActions.ReviewDecide, AdminExamples.Decision);
        app.MapPost(Base + "orders/{id}/refund", (HttpContext c, string id) => orders.RefundAsync(c, id))
            .Decides<RefundRequest>("Give money back", OperatorActions.OrderRefund, AdminExamples.Refund);
        app.MapPost(Base + "orders/{id}/deliver", (HttpContext c, string id) => orders.HandOverAsync(c, id))
            .Decides<HandOverRequest>("Hand over manual goods", OperatorActions.OrderDeliver, AdminExamples.HandOver);
        app.MapPost(Base + "orders/{id}/replace", (HttpContext c, string id) => orders.ReplaceAsync(c, id))
            .Decides<ReplaceRequest>("Replace a faulty key", OperatorActions.OrderReplace, AdminExamples.Replace);
        app.MapPut(Base + "products/{sku}", (HttpContext c, string sku) => catalog.PutAsync(c, sku))
            .Produces<AdminProduct>()
            .Changes<ProductRequest>("Add or change a product", OperatorActions.ProductAdd, AdminExamples.Product);
        app.MapPost(Base + "approvals/{id}/approve", (HttpContext c, string id) => approvals.ApproveAsync(c, id))
            .Produces<AdminApprovalState>().ProducesProblems(404)
            .Changes<ApproveRequest>(
                "Let another operator do what he asked for, once", OperatorActions.ApprovalApprove, AdminExamples.Approve);
        app.MapPost(Base + "approvals/{id}/reject", (HttpContext c, string id) => approvals.RejectAsync(c, id))
            .Produces<AdminApprovalState>().ProducesProblems(404)
            .Changes<ApproveRequest>("Be against it, or withdraw your own", OperatorActions.ApprovalReject, AdminExamples.Approve);
    }

    internal static RouteHandlerBuilder Reads<T>(
        this RouteHandlerBuilder route, string summary, string contentType = "application/json") => route
        .WithTags("operators").WithSummary(summary)
        .WithDescription("Takes the role viewer: Authorization: Bearer with an operator's key.")
        .Produces<T>(contentType: contentType).ProducesProblems(401, 403, 429, 503);

    private static RouteHandlerBuilder Decides<TRequest>(
        this RouteHandlerBuilder route, string summary, OperatorAction action, string example)
        where TRequest : class, IAdminRequest => route
        .Produces<AdminDone>().Produces<AdminWaiting>(StatusCodes.Status202Accepted).ProducesProblems(404, 422)
        .Changes<TRequest>(summary, action, example);

    private static RouteHandlerBuilder Changes<TRequest>(
        this RouteHandlerBuilder route, string summary, OperatorAction action, string example)
        where TRequest : class, IAdminRequest => route
        .WithTags("operators").WithSummary(summary)
        .WithDescription(
            $"Takes the role {Operator.NameOf(action.Least)}: Authorization: Bearer with an operator's key. " +
            (action.IsDangerous ? "Waits for a second operator's approval (202), and respects the change windows. " : string.Empty) +
            (action == OperatorActions.OrderRefund ? "Above the limit it waits for a second operator's approval (202). " : string.Empty) +
            "It stands in the audit. The same call again changes nothing.")
        .Accepts<TRequest>("application/json")
        .ProducesProblems(400, 401, 403, 409, 413, 415, 429, 503)
        .AddOpenApiOperationTransformer((operation, _, _) =>
        {
            (operation.Parameters ??= []).Add(new OpenApiParameter
            {
                Name = "Idempotency-Key",
                In = ParameterLocation.Header,
                Required = true,
                Description = "16 to 255 printable ASCII characters, the same in every repeat of this call.",
                Schema = new OpenApiSchema { Type = JsonSchemaType.String },
                Example = JsonValue.Create("3f1c9a7e5b2d4860"),
            });
            if (operation.RequestBody?.Content is { } content && content.TryGetValue("application/json", out var body))
            {
                body.Example = JsonNode.Parse(example);
            }

            return Task.CompletedTask;
        });
}
