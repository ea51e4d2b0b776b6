using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using CardShop.Contracts;
using CardShop.Shop.Operators;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;
using CardShop.Shop.Store;

namespace CardShop.Api.Admin;

/// <summary>
/// What operators decide about one order: who may, is it approved, is it noted; then by the way that all messages go, once
/// however often it is sent.
/// </summary>
public sealed class AdminOrders(AdminCalls calls, AdminAccess access, AdminShop shop, OperatorGate gate, TimeProvider time)
{
    /// <summary>How long Kafka may take to say whether it may be done.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(8);

    /// <summary>The money has been seen: the order is paid.</summary>
    public Task ConfirmPaidAsync(HttpContext context, string id) => RunAsync(
        context, id, OperatorActions.OrderConfirmPaid, AdminRequestJson.Default.ConfirmPaidRequest, AdminExamples.ConfirmPaid,
        (call, saga) =>
        {
            var (proof, fen, number) = (call.Request.Reference!.Trim(), call.Request.Amount!.Value, call.Request.Number);
            return new(
                OperatorActions.OrderConfirmPaid, [("reference", proof), ("amount", Fen(fen)), ("number", number)],
                act => new PaymentMessage.OperatorConfirmPaid(saga.Id, act, proof, fen, number));
        });

    /// <summary>Gives money back; above the limit it takes two operators.</summary>
    public Task RefundAsync(HttpContext context, string id) => RunAsync(
        context, id, OperatorActions.OrderRefund, AdminRequestJson.Default.RefundRequest, AdminExamples.Refund,
        (call, saga) =>
        {
            var (fen, number) = (call.Request.Amount, call.Request.Number);
            var total = RefundTotal.Of(saga, number, fen);
            return new(
                OperatorActions.Refund(total, gate.Settings.RefundLimit),
                [("amount", fen is { } f ? Fen(f) : "all"), ("number", number), (AdminRules.Derived, Fen(total))],
                act => new PaymentMessage.OperatorRefund(saga.Id, act, number, fen, call.Why))
            {
                // What was judged against the limit must still be so when the order is locked.
                Against = locked => RefundTotal.Of(locked, number, fen) > total
                    ? "more of the order was given back meanwhile: look at it again"
                    : null,
            };
        });

    /// <summary>Delivers from stock.</summary>
    public Task DeliverAsync(HttpContext context, string id) => RunAsync(
        context, id, OperatorActions.OrderDeliver, AdminRequestJson.Default.DecisionRequest, AdminExamples.Decision,
        (_, saga) => new(
            OperatorActions.OrderDeliver, [("from", "stock")], act => new PaymentMessage.OperatorDeliver(saga.Id, act)));

    /// <summary>Closes the open cases.</summary>
    public Task DismissAsync(HttpContext context, string id) => RunAsync(
        context, id, OperatorActions.ReviewDecide, AdminRequestJson.Default.DecisionRequest, AdminExamples.Decision,
        (call, saga) => new(
            OperatorActions.ReviewDecide, [("decision", "dismiss")],
            act => new PaymentMessage.OperatorDismiss(saga.Id, act, call.Why)));

    /// <summary>Hands over manual goods.</summary>
    public Task HandOverAsync(HttpContext context, string id) => RunAsync(
        context, id, OperatorActions.OrderDeliver, AdminRequestJson.Default.HandOverRequest, AdminExamples.HandOver,
        (call, saga) =>
        {
            var text = call.Request.Text!.Trim();
            return new(
                OperatorActions.OrderDeliver, [("text", shop.HashOf(text))],
                act => new PaymentMessage.OperatorHandOver(saga.Id, act, shop.Seal(saga.Order!, act, text)))
            {
                NeedsOrder = true,
            };
        });

    /// <summary>Replaces a faulty key.</summary>
    public Task ReplaceAsync(HttpContext context, string id) => RunAsync(
        context, id, OperatorActions.OrderReplace, AdminRequestJson.Default.ReplaceRequest, AdminExamples.Replace,
        (call, saga) =>
        {
            var (key, text) = (call.Request.KeyId!.Value, call.Request.Text?.Trim());
            return new(
                OperatorActions.OrderReplace, [("key", key.ToString()), ("text", text is null ? null : shop.HashOf(text))],
                act => new PaymentMessage.OperatorReplace(
                    saga.Id, act, key, call.Why, text is null ? null : shop.Seal(saga.Order!, act, text)))
            {
                NeedsOrder = text is not null,
            };
        });

    private Task RunAsync<T>(
        HttpContext context, string id, OperatorAction action, JsonTypeInfo<T> json, string example,
        Func<AdminCall<T>, PaymentSaga, Plan> plan)
        where T : class, IAdminRequest => calls.RunAsync(context, async cancellation =>
    {
        var orderId = OrderIds.OfProviderNumber(id) ?? id;
        var (by, refusal) = await access.RequireAsync(context, action, AdminInput.Subject(orderId), cancellation);
        if (by is null)
        {
            return AdminAnswer.Of(refusal!);
        }

        var (call, wrong) = await AdminBodies.ReadAsync(context, json, example);
        if (call is null)
        {
            return AdminAnswer.Of(wrong!);
        }

        await shop.RequireWritableAsync(cancellation);
        var saga = OrderIds.IsValid(orderId) ? await ReviewQueries.FindAsync(shop.Database, orderId, cancellation) : null;
        if (saga is null)
        {
            await gate.RefuseAsync(
                by, new(action, AdminInput.Subject(orderId), call.Why, []), call.Request.Approval, "there is no such order", cancellation);
            return AdminAnswer.Of(NotFound);
        }

        return await DecideAsync(by, saga, call.Key, call.Why, call.Request.Approval, plan(call, saga), cancellation);
    });

    private async Task<AdminAnswer> DecideAsync(
        Operator by, PaymentSaga saga, string key, string why, string? approval, Plan plan, CancellationToken cancellation)
    {
        var deed = new Deed(plan.Action, saga.Id, why, plan.Parameters);
        var commandId = AdminRules.CommandId(by.Name, key, deed);
        if (plan.NeedsOrder && saga.Order is null)
        {
            await gate.RefuseAsync(by, deed, approval, "the order itself is unknown", cancellation);
            return AdminAnswer.Of(AdminRules.State("the order itself is unknown: only its money can be given back"));
        }

        if (AdminRules.IsKeyOfAnother(saga.Acts, commandId))
        {
            await gate.RefuseAsync(by, deed, approval, "the Idempotency-Key was used for another call", cancellation);
            return AdminAnswer.Of(AdminRules.OtherCall());
        }

        var before = await DoneBeforeAsync(by, saga, deed, commandId, approval, cancellation);
        // What was done is not asked for again: the order has noted it, and saying so changes nothing.
        var asked = before is null
            ? gate.AskAsync(by, deed, approval, commandId, cancellation)
            : gate.AskAsync(by, deed with { Action = deed.Action with { IsDangerous = false } }, null, before, cancellation);
        return await asked.WaitAsync(Limit, time, cancellation) switch
        {
            GateAnswer.Granted granted => await DoAsync(granted.Grant, saga, plan, cancellation),
            GateAnswer.Waiting waiting => AdminAnswer.Json(
                AdminRules.Waiting(waiting.Approval, gate.Settings.Windows, time.GetUtcNow()), AdminJson.Default.AdminWaiting,
                StatusCodes.Status202Accepted),
            GateAnswer.Refused refused => AdminAnswer.Of(AdminRules.Refused(refused.Reason)),
            _ => throw new InvalidOperationException("No such answer."),
        };
    }

    /// <returns>The id under which this very call was done before; null where it was not.</returns>
    private async Task<string?> DoneBeforeAsync(
        Operator by, PaymentSaga saga, Deed deed, string commandId, string? approval, CancellationToken cancellation)
    {
        if (OperatorDecider.IsRepeat(saga, commandId))
        {
            return commandId;
        }

        return approval is not null && OperatorDecider.IsRepeat(saga, AdminRules.CommandIdOf(approval))
            && (await gate.ApprovalsAsync(cancellation)).FirstOrDefault(a => a.Id == approval) is { } used
            && AdminRules.IsSameCall(used, by.Name, deed)
            ? AdminRules.CommandIdOf(approval)
            : null;
    }

    private async Task<AdminAnswer> DoAsync(OperatorGrant started, PaymentSaga before, Plan plan, CancellationToken cancellation)
    {
        await using var grant = started;
        var message = plan.Message(new(grant.CommandId, grant.Operator.Name, time.GetUtcNow()));
        var outcome = await shop.DecideAsync(message, plan.Against, cancellation);
        var after = outcome.Saga;
        switch (outcome.Result)
        {
            case OperatorResult.Refused:
                var reason = outcome.Reason ?? "the order does not allow it";
                await grant.FailAsync(reason, cancellation);
                return AdminAnswer.Of(AdminRules.State(reason));
            case OperatorResult.Repeated:
                await grant.DoneAsync(null, "decided before, nothing has changed", cancellation);
                break;
            default:
                await grant.DoneAsync(Kebab(before.Status), after is null ? null : Kebab(after.Status), cancellation);
                break;
        }

        return AdminAnswer.Json(
            new AdminDone(
                message.OrderId, outcome.Result == OperatorResult.Done ? "done" : "repeated", after?.Status,
                after is null ? 0 : ReviewCases.OpenOf(after).Count(), grant.CommandId),
            AdminJson.Default.AdminDone);
    }

    internal static Problem NotFound { get; } = Problem.Of(
        StatusCodes.Status404NotFound, "There is no such order",
        "It may still be queued, or have ended and been archived: GET /v1/admin/orders/{id} says which.");

    private static string Fen(long amount) => amount.ToString(CultureInfo.InvariantCulture);

    private static string Kebab(PaymentStatus status) => JsonNamingPolicy.KebabCaseLower.ConvertName(status.ToString());

    /// <summary>A decision, before it is known that it may be taken.</summary>
    /// <param name="Parameters">Everything that decides what is done; of a secret text its keyed hash.</param>
    private sealed record Plan(
        OperatorAction Action, IReadOnlyList<(string Name, string? Value)> Parameters, Func<OperatorAct, PaymentMessage> Message)
    {
        /// <summary>What else stands against it, asked with the locked order.</summary>
        public Func<PaymentSaga?, string?>? Against { get; init; }

        /// <summary>It seals a text under the order's product.</summary>
        public bool NeedsOrder { get; init; }
    }
}
