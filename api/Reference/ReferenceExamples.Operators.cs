using System.Text.Json.Nodes;
using CardShop.Api.Admin;
using CardShop.Contracts;
using CardShop.Shop.Operators;
using CardShop.Shop.Statistics;

namespace CardShop.Api.Reference;

/// <summary>What operators are answered.</summary>
internal static partial class ReferenceExamples
{
    private const string Approval = "a1b2c3d4e5f6";

    private static readonly Guid Key = new("0b1f8f0e-5a5b-4c7e-9a37-1f2f6c8f4d10");
    private static readonly Product Steam = new(Sku, "Demo card 50 yuan", 5_000, "CNY", 10, true, HoldPolicy.Order, 900, 0, 3);

    private static IEnumerable<(Type Type, Func<JsonNode> Make)> ForOperators() =>
    [
        Of(new AdminMe("ann", Operator.NameOf(OperatorRole.Approver)), AdminJson.Default.AdminMe),
        Of(new AdminSessionView("ann", Operator.NameOf(OperatorRole.Approver), At.AddHours(12)), AdminJson.Default.AdminSessionView),
        Of(new AdminDone(Order, "done", PaymentStatus.Refunding, 0, "api-3f1c9a7e5b2d4860-0123456789ab"), AdminJson.Default.AdminDone),
        Of(new AdminWaiting(
            "It waits for a second operator", $"Nothing was changed. A second operator sends POST /v1/admin/approvals/{Approval}/approve; then "
                + $"send the same call with \"approval\": \"{Approval}\".", Approval, At.AddHours(1)), AdminJson.Default.AdminWaiting),
        Of(new AdminApprovalState(Approval, "approved"), AdminJson.Default.AdminApprovalState),
        Of(new AdminApprovals(
            [
                new(Approval, "pending", OperatorActions.OrderRefund.Name, Order, "ann", "the buyer called", At, At.AddHours(1),
                    new Dictionary<string, string> { ["amount"] = "5000" }, null, false, null, null),
            ]), AdminJson.Default.AdminApprovals),
        Of(new AdminAudit(
            [new("ann", OperatorActions.OrderRefund.Name, Order, "the buyer called", At, Outcome: AuditOutcome.Done, Role: "operator", Via: "api")],
            "12.0.3"), AdminJson.Default.AdminAudit),
        Of(new AdminReviews(
            [new(Order, PaymentStatus.Review, Sku, Price, [new(ReviewKind.AmountMismatch, "4000 came in instead of 5000.", At, Order + "01")])],
            [], null), AdminJson.Default.AdminReviews),
        Of(new AdminProduct(Steam, true), AdminJson.Default.AdminProduct),
        Of(new AdminProducts([new(Steam, true)], null), AdminJson.Default.AdminProducts),
        Of(new AdminStock([new(Sku, "a", 1_000, 320, 20, 15, 650, 10)], null), AdminJson.Default.AdminStock),
        Of(new AdminOverview(
            At, [], new("open", null), [new("orders", Topics.Orders.Name, 0, 1_200, 1_200, 0, "progress")], new(0, 0, 1, 0, 0, 0),
            [new("alipay", true, [])], new(0, 1, [new(Sku, 12)]), new(1_250, 1_190), new(140, 310, 480, 200), 0.4, 0, null, [new("orders", 2)]),
            AdminJson.Default.AdminOverview),
        Of(new AdminOrder(
            Order, PaymentStatus.Paid, null, new(Sku, "Demo card 50 yuan", ProductKind.Unique, 1, Price, "alipay", "a", At), false, null, 3,
            [new(Order + "01", "alipay", "main", 5_000, "CNY", At, At.AddMinutes(15), "closed")],
            [new(Order + "01", "2030010122001400000000000000", 5_000, At.AddSeconds(18), "notification", PaymentUse.Order, [])], [], [], 1,
            new(DeliveryStatus.Delivered, false, At.AddSeconds(19), At.AddSeconds(20), null, null, 2, 1, [Key]), null, 0, 0),
            AdminJson.Default.AdminOrder),
        Of(new SalesReport(
            [new(new(2030, 1, 1), Sku, new(120, 110, 96, 95, 20, 1, 0, 3, 1, 480_000, 5_000, 95, 190_000))],
            [new("alipay", 70, 350_000), new("wechat", 26, 130_000)],
            new(120, 110, 96, 95, 20, 1, 0, 3, 1, 480_000, 5_000, 95, 190_000), [], "Asia/Shanghai"), SalesJson.Default.SalesReport),
    ];
}
