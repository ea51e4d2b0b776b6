using System.ComponentModel;
using System.Text.Json.Nodes;
using CardShop.Api.Admin.Commands;
using CardShop.Shop.Operators;
using Microsoft.OpenApi;

namespace CardShop.Api.Admin;

/// <summary><c>/v1/admin/…</c>: the map of the operators' interface.</summary>
internal static class AdminRoutes
{
    private const string Base = "/v1/admin/";

    public static void MapAdmin(this WebApplication app)
    {
        MapSession(app);
        MapReads(app);
        AdminStatistics.Map(app);
        MapDecisions(app);
        MapCommands(app);
    }

    private static void MapSession(WebApplication app)
    {
        var session = app.Services.GetRequiredService<AdminSession>();
        app.MapPost(Base + "session", (Delegate)((HttpContext c) => session.BeginAsync(c)))
            .WithTags("operators").WithSummary("Log the console in")
            .WithDescription(
                "Sets the cookie cardshop_ops, which stands for the key for 12 hours where CardShop-Console: 1 is sent with it.")
            .Accepts<SessionRequest>("application/json").Produces<AdminSessionView>()
            .ProducesProblems(400, 401, 403, 413, 415, 429, 503).WithExample(AdminExamples.Session);
        app.MapDelete(Base + "session", (Delegate)((HttpContext c) => session.EndAsync(c)))
            .WithTags("operators").WithSummary("Log the console out")
            .WithDescription("Takes the cookie, with CardShop-Console: 1.")
            .Produces(StatusCodes.Status204NoContent).ProducesProblems(401, 503);
    }

    private static void MapCommands(WebApplication app)
    {
        var desk = app.Services.GetRequiredService<CommandDesk>();
        app.MapPost(Base + "commands", (Delegate)((HttpContext c) => desk.RunAsync(c)))
            .WithTags("operators").WithSummary("Run a command of shopctl, and follow what it says")
            .WithDescription(
                "Takes the role that the command takes, a viewer's where it changes nothing. One JSON object per line, the last with " +
                "exit; 5 = it waits for a second operator. Commands: " + string.Join(", ", CommandTable.All.Select(Signature)) + ".")
            .Accepts<CommandRequest>("application/json")
            .Produces<CommandOutput>(contentType: "application/x-ndjson")
            .ProducesProblems(400, 401, 403, 413, 415, 429, 503).WithExample(AdminExamples.Command);
        app.MapPost(
            Base + "products/{sku}/keys",
            (HttpContext c, string sku,
                [Description("text: one secret per line; csv: first line 'secret' or 'number,secret' (text).")] string? format,
                [Description("The file's name, for the audit.")] string? name,
                [Description("Of a reusable product: how often each key is sold.")] string? quota,
                [Description("false: the CSV file has no header.")] string? header,
                [Description("auto, utf-8, gbk, gb18030, utf-16, utf-16le or utf-16be (auto).")] string? encoding) =>
                desk.ImportAsync(c, sku, new(format, name, quota, header, encoding, null)))
            .WithTags("operators").WithSummary("Import the keys of a file, and follow how far it is")
            .WithDescription(
                "Takes the role operator. The body is the file, at most 1 GiB, and is stored nowhere. The same file again imports " +
                "nothing twice. One JSON object per line, the last with exit: 0 = all lines, 1 = one was refused, or it failed.")
            .Produces<CommandOutput>(contentType: "application/x-ndjson")
            .ProducesProblems(400, 401, 403, 411, 413, 415, 429, 503)
            .AddOpenApiOperationTransformer((operation, _, _) =>
            {
                // Said here and not to routing, which would refuse another type before it is asked who calls.
                operation.RequestBody = new OpenApiRequestBody
                {
                    Required = true,
                    Content = new Dictionary<string, OpenApiMediaType>
                    {
                        ["application/octet-stream"] = new()
                        {
                            Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" },
                            Example = JsonValue.Create(AdminExamples.KeyFile),
                        },
                    },
                };
                (operation.Parameters ??= []).Add(new OpenApiParameter
                {
                    Name = "Why",
                    In = ParameterLocation.Header,
                    Description = "Why, percent-encoded: 1 to 200 characters, kept in the audit.",
                    Schema = new OpenApiSchema { Type = JsonSchemaType.String },
                    Example = JsonValue.Create("a%20new%20delivery"),
                });
                return Task.CompletedTask;
            });
    }

    private static string Signature(ConsoleCommand command) => command.Arguments.Count == 0
        ? command.Name
        : $"{command.Name} {{{string.Join(", ", command.Arguments.Select(a => a.Name + (a.IsRequired ? "" : "?")))}}}";

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

    private static RouteHandlerBuilder WithExample(this RouteHandlerBuilder route, string example) =>
        route.AddOpenApiOperationTransformer((operation, _, _) =>
        {
            if (operation.RequestBody?.Content is { } content && content.TryGetValue("application/json", out var body))
            {
                body.Example = JsonNode.Parse(example);
            }

            return Task.CompletedTask;
        });

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
            return Task.CompletedTask;
        }).WithExample(example);
}
