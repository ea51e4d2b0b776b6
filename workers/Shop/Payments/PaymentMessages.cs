using CardShop.Contracts;
using CardShop.Shop.Channels;

namespace CardShop.Shop.Payments;

/// <summary>Everything that can happen to an order's payment.</summary>
public abstract record PaymentMessage(string OrderId)
{
    /// <summary>An order was accepted.</summary>
    public sealed record Placed(OrderPlaced Order) : PaymentMessage(Order.OrderId);

    /// <summary>The buyer wants it to end.</summary>
    public sealed record Cancel(OrderCancelRequested Request) : PaymentMessage(Request.OrderId);

    /// <summary>A provider's notification, verified when it arrived.</summary>
    public sealed record Notified(PaymentNotification Notification) : PaymentMessage(Notification.OrderId);

    /// <summary>The provider's answer to the opening of an attempt.</summary>
    public sealed record Requested(string OrderId, string Number, ChannelAnswer Answer) : PaymentMessage(OrderId);

    /// <summary>The provider's answer to a query.</summary>
    public sealed record Checked(string OrderId, string Number, ChannelAnswer Answer) : PaymentMessage(OrderId);

    /// <summary>The provider's answer to a close.</summary>
    /// <param name="SagaVersion">The saga's version when the call was asked for; null = it is not known.</param>
    public sealed record CloseAnswered(string OrderId, string Number, ChannelAnswer Answer, int? SagaVersion = null)
        : PaymentMessage(OrderId);

    /// <summary>The provider's answer to a refund.</summary>
    /// <param name="SagaVersion">The saga's version when the call was asked for; null = it is not known.</param>
    public sealed record RefundAnswered(
        string OrderId, string Number, string RefundNumber, ChannelAnswer Answer, int? SagaVersion = null)
        : PaymentMessage(OrderId);

    /// <summary>The buyer wants to pay by another channel.</summary>
    public sealed record SwitchChannel(ChannelSwitchRequested Request) : PaymentMessage(Request.OrderId);

    /// <summary>An operator has seen the money: the order is paid, by the normal way.</summary>
    /// <param name="Reference">The provider's number of the payment, or whatever proves it.</param>
    /// <param name="Number">The attempt that it paid; null = the last one.</param>
    public sealed record OperatorConfirmPaid(
        string OrderId, OperatorAct By, string Reference, long Amount, string? Number = null) : PaymentMessage(OrderId);

    /// <summary>An operator gives money back, before or after the delivery.</summary>
    /// <param name="Number">The payment; null = the one that pays the order.</param>
    /// <param name="Amount">In minor units; null = all that is left of it.</param>
    public sealed record OperatorRefund(
        string OrderId, OperatorAct By, string? Number, long? Amount, string Reason) : PaymentMessage(OrderId);

    /// <summary>An operator has a paid order delivered: after a short pick, a wait, or a refund that was finally rejected.</summary>
    public sealed record OperatorDeliver(string OrderId, OperatorAct By) : PaymentMessage(OrderId);

    /// <summary>An operator closes the open cases without anything else happening.</summary>
    public sealed record OperatorDismiss(string OrderId, OperatorAct By, string Reason) : PaymentMessage(OrderId);

    /// <summary>An operator hands over manual goods: the text that the buyer gets.</summary>
    public sealed record OperatorHandOver(string OrderId, OperatorAct By, SealedText Text) : PaymentMessage(OrderId);

    /// <summary>A key of a delivered order is faulty: it becomes void, and another takes its place.</summary>
    /// <param name="KeyId">The faulty one.</param>
    /// <param name="Text">What takes the place of a text of manual goods; null for keys, which come from stock.</param>
    public sealed record OperatorReplace(
        string OrderId, OperatorAct By, Guid KeyId, string Reason, SealedText? Text = null) : PaymentMessage(OrderId);

    /// <summary>
    /// What no fleet could process is processed again, next in the same transaction: the order goes back to where it stood
    /// before that put it into review.
    /// </summary>
    /// <param name="OthersLeft">Other messages of the order are still unprocessed: the case stays open for them.</param>
    public sealed record OperatorResume(string OrderId, OperatorAct By, bool OthersLeft = false) : PaymentMessage(OrderId);

    /// <summary>A finding of a reconciliation with the provider's statement.</summary>
    /// <param name="FindingId">The same in every repeat of the reconciliation: a repeat changes nothing.</param>
    /// <param name="Number">Our provider number, of the payment or the refund, as the statement has it.</param>
    /// <param name="Amount">As the statement has it, in minor units; 0 where it has none.</param>
    /// <param name="Evidence">What both sides say, as text.</param>
    public sealed record StatementFinding(
        string OrderId, string FindingId, StatementFault Fault, string Channel, string Profile, string Number,
        string? TradeNo, long Amount, string Currency, string Evidence, DateTimeOffset At) : PaymentMessage(OrderId);

    /// <summary>The due time has come.</summary>
    public sealed record Due(string OrderId) : PaymentMessage(OrderId);

    /// <summary>A command whose call the saga no longer needs.</summary>
    public sealed record Unneeded(string OrderId) : PaymentMessage(OrderId);
}

/// <summary>Who decided it, and when.</summary>
/// <param name="CommandId">The same in every repeat: it is done once.</param>
/// <param name="Operator">The operator's name.</param>
public sealed record OperatorAct(string CommandId, string Operator, DateTimeOffset At);

/// <summary>What an operator wrote for an order, encrypted before it leaves the operator's process.</summary>
/// <param name="KeyEncryptionKey">Which key-encryption key sealed it.</param>
public sealed record SealedText(SealedKey Key, string KeyEncryptionKey);

/// <summary>How a provider's statement and our records disagree.</summary>
public enum StatementFault
{
    /// <summary>The statement has money that is not on record here.</summary>
    MissingHere,

    /// <summary>Money on record here is not on the statement.</summary>
    MissingThere,

    /// <summary>Both have it, with other amounts or states.</summary>
    Differs,
}
