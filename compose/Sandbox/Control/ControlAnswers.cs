using CardShop.Sandbox.Books;

namespace CardShop.Sandbox.Control;

/// <summary>A trade as the control interface shows it.</summary>
/// <param name="Deliveries">How often notifications of this trade were sent.</param>
/// <param name="Acknowledged">How many of its notifications are acknowledged.</param>
public sealed record ControlTrade(
    string Number, string Provider, string Merchant, string TradeNo, SandboxState State, long AmountMinor,
    long RefundedMinor, string Subject, DateTimeOffset OpenedAt, DateTimeOffset ExpiresAt, DateTimeOffset? PaidAt,
    DateTimeOffset? ClosedAt, int Notifications, int Deliveries, int Acknowledged)
{
    internal static ControlTrade From(SandboxTrade trade) => new(
        trade.Number, trade.Order.Provider, trade.Order.Merchant, trade.TradeNo, trade.State, trade.AmountMinor,
        trade.RefundedMinor, trade.Order.Subject, trade.OpenedAt, trade.Order.ExpiresAt, trade.PaidAt, trade.ClosedAt,
        trade.Notices.Count, trade.Notices.Sum(one => one.Deliveries), trade.Notices.Count(one => one.Acknowledged));
}

public sealed record ControlTrades(IReadOnlyList<ControlTrade> Trades);

/// <param name="Trades">How many trades the books hold.</param>
/// <param name="NotificationsWaiting">How many notifications wait for their time.</param>
/// <param name="Faults">How many faults wait for their call.</param>
public sealed record ControlStats(int Trades, int NotificationsWaiting, int Faults);

/// <param name="Sent">How often the notification was sent.</param>
/// <param name="Acknowledged">How many of these the merchant acknowledged.</param>
/// <param name="Answers">Each answer, status and start of body, and how often it came.</param>
public sealed record ControlRepeat(int Sent, int Acknowledged, IReadOnlyDictionary<string, int> Answers);
