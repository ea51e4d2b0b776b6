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
    public sealed record CloseAnswered(string OrderId, string Number, ChannelAnswer Answer) : PaymentMessage(OrderId);

    /// <summary>The provider's answer to a refund.</summary>
    public sealed record RefundAnswered(string OrderId, string Number, string RefundNumber, ChannelAnswer Answer)
        : PaymentMessage(OrderId);

    /// <summary>The due time has come.</summary>
    public sealed record Due(string OrderId) : PaymentMessage(OrderId);

    /// <summary>A command whose call the saga no longer needs.</summary>
    public sealed record Unneeded(string OrderId) : PaymentMessage(OrderId);
}
