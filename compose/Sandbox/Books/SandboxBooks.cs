namespace CardShop.Sandbox.Books;

/// <summary>
/// The money facts of the sandbox, without HTTP: trades that are opened, scanned, paid, closed and refunded.
/// Every change is written to the journal first and applied second, so a killed process remembers what it has said.
/// Thread-safe; the same call twice is done once.
/// </summary>
public sealed class SandboxBooks(TimeProvider clock, ITradeJournal? journal = null, int maxTrades = 500_000)
{
    private const int EvictionTries = 64;
    private static readonly TimeSpan KeepPaid = TimeSpan.FromHours(25); // longer than any notification schedule
    private static readonly TimeSpan KeepUnpaid = TimeSpan.FromHours(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, SandboxTrade> _trades = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Provider, string TradeNo), string> _byTradeNo = [];
    private readonly Dictionary<(string Provider, string RefundNumber), string> _byRefund = [];
    private readonly Queue<string> _order = new();
    private readonly ITradeJournal _journal = journal ?? new NoJournal();

    /// <summary>Called, outside the lock, with each new notification that the merchant must get.</summary>
    public Action<SandboxTrade, SandboxNotice>? Announce { get; set; }

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _trades.Count;
            }
        }
    }

    /// <summary>Applies what an earlier process wrote. Announces nothing; see <see cref="Unacknowledged"/>.</summary>
    public void Restore(IEnumerable<TradeEvent> events)
    {
        lock (_lock)
        {
            foreach (var happened in events)
            {
                Apply(happened);
            }
        }
    }

    /// <summary>The events that the present books come to: what a fresh journal starts with.</summary>
    public IReadOnlyList<TradeEvent> Snapshot()
    {
        lock (_lock)
        {
            return [.. _order.SelectMany(number => TradeHistory.Of(_trades[number]))];
        }
    }

    public OpenOutcome Open(OpenTrade order, out SandboxTrade trade)
    {
        lock (_lock)
        {
            if (_trades.TryGetValue(order.Number, out var known))
            {
                trade = Current(known);
                return IsOver(trade) ? OpenOutcome.AlreadyClosed
                    : trade.State == SandboxState.Paid ? OpenOutcome.AlreadyPaid
                    : trade.Order == order ? OpenOutcome.Repeated
                    : OpenOutcome.Differs;
            }

            var opened = new TradeOpened(order.Number, clock.GetUtcNow(), order);
            if (!MakeRoom())
            {
                trade = TradeHistory.New(opened);
                return OpenOutcome.Full;
            }

            trade = Record(opened);
            return OpenOutcome.Opened;
        }
    }

    /// <summary>The trade as it stands now; null for an unknown number.</summary>
    public SandboxTrade? Find(string number)
    {
        lock (_lock)
        {
            return _trades.TryGetValue(number, out var trade) ? Current(trade) : null;
        }
    }

    /// <summary>The trade to which the provider gave this number of its own; null for an unknown one.</summary>
    public SandboxTrade? FindByTradeNo(string provider, string tradeNo)
    {
        lock (_lock)
        {
            return _byTradeNo.TryGetValue((provider, tradeNo), out var number) ? Current(_trades[number]) : null;
        }
    }

    /// <summary>The trade of which this refund is; null for an unknown refund number.</summary>
    public SandboxTrade? FindByRefund(string provider, string refundNumber)
    {
        lock (_lock)
        {
            return _byRefund.TryGetValue((provider, refundNumber), out var number) ? Current(_trades[number]) : null;
        }
    }

    /// <summary>The newest trade of another provider, else of this one, with which it could be mixed up.</summary>
    public string? AnotherNumber(SandboxTrade trade)
    {
        lock (_lock)
        {
            var others = _order.Reverse().Where(one => one != trade.Number).Take(EvictionTries).ToList();
            return others.Find(one => _trades[one].Order.Provider != trade.Order.Provider) ?? others.FirstOrDefault();
        }
    }

    /// <summary>Trades in the order in which they were opened.</summary>
    public IReadOnlyList<SandboxTrade> List(int skip, int limit, SandboxState? state = null)
    {
        lock (_lock)
        {
            return [.. _order.Select(number => Current(_trades[number]))
                .Where(trade => state is null || trade.State == state)
                .Skip(skip)
                .Take(limit)];
        }
    }

    /// <summary>Notifications that nobody acknowledged yet: to be sent again after a start.</summary>
    public IReadOnlyList<(SandboxTrade Trade, SandboxNotice Notice)> Unacknowledged()
    {
        lock (_lock)
        {
            return [.. from trade in _trades.Values
                       from notice in trade.Notices
                       where !notice.Acknowledged
                       select (trade, notice)];
        }
    }

    /// <summary>The buyer scans the code: from now on the trade exists for the merchant.</summary>
    public SandboxTrade? Scan(string number)
    {
        lock (_lock)
        {
            if (!_trades.TryGetValue(number, out var trade))
            {
                return null;
            }

            return trade.State == SandboxState.Offered && !IsPastItsTime(trade)
                ? Record(new TradeScanned(number, clock.GetUtcNow()))
                : Current(trade);
        }
    }

    /// <summary>The buyer pays, having scanned or not.</summary>
    public PayOutcome Pay(string number) => Pay(number, late: false);

    /// <summary>
    /// The money arrives though the trade was closed or its time is over, as a bank's answer that comes late does.
    /// </summary>
    public PayOutcome PayLate(string number) => Pay(number, late: true);

    private PayOutcome Pay(string number, bool late)
    {
        SandboxTrade paid;
        lock (_lock)
        {
            if (!_trades.TryGetValue(number, out var known))
            {
                return PayOutcome.NotFound;
            }

            if (known.PaidAt is not null)
            {
                return known.State == SandboxState.Paid ? PayOutcome.AlreadyPaid : PayOutcome.Closed;
            }

            if (!late && IsOver(Current(known)))
            {
                return PayOutcome.Closed;
            }

            paid = Record(new TradePaid(number, clock.GetUtcNow()));
        }

        Announce?.Invoke(paid, paid.Notices[^1]);
        return PayOutcome.Paid;
    }

    /// <summary>The buyer tries to pay and the bank says no; the trade stays open.</summary>
    /// <returns>False where the trade is unknown, or not payable.</returns>
    public bool Decline(string number)
    {
        SandboxTrade declined;
        lock (_lock)
        {
            if (!_trades.TryGetValue(number, out var known) || known.PaidAt is not null || IsOver(Current(known)))
            {
                return false;
            }

            declined = Record(new TradeDeclined(number, clock.GetUtcNow()));
        }

        if (declined.Order.TellsFailures)
        {
            Announce?.Invoke(declined, declined.Notices[^1]);
        }

        return true;
    }

    /// <summary>The merchant closes the trade, which must exist and be unpaid.</summary>
    public CloseOutcome Close(string number)
    {
        lock (_lock)
        {
            if (!_trades.TryGetValue(number, out var known) || known.State == SandboxState.Offered)
            {
                return CloseOutcome.NotFound;
            }

            switch (Current(known).State)
            {
                case SandboxState.Paid:
                    return CloseOutcome.AlreadyPaid;
                case SandboxState.Closed:
                    return CloseOutcome.AlreadyClosed;
                case SandboxState.Offered:
                case SandboxState.Waiting:
                default:
                    Record(new TradeClosed(number, clock.GetUtcNow()));
                    return CloseOutcome.Closed;
            }
        }
    }

    /// <summary>The merchant gives money back; each refund number once.</summary>
    /// <param name="trade">The trade afterwards; null only where the number is unknown.</param>
    /// <param name="notifyUrl">Where this refund is reported; null where the trade's payment is.</param>
    public RefundOutcome Refund(
        string number, string refundNumber, long amountMinor, string reason, out SandboxTrade? trade,
        string? notifyUrl = null)
    {
        lock (_lock)
        {
            if (!_trades.TryGetValue(number, out var known) || known.State == SandboxState.Offered)
            {
                trade = null;
                return RefundOutcome.NotFound;
            }

            trade = Current(known);
            if (known.Refunds.FirstOrDefault(one => one.RefundNumber == refundNumber) is { } earlier)
            {
                return earlier.AmountMinor == amountMinor ? RefundOutcome.Repeated : RefundOutcome.Differs;
            }

            if (known.State != SandboxState.Paid)
            {
                return RefundOutcome.NotPaid;
            }

            if (amountMinor <= 0 || amountMinor > known.AmountMinor - known.RefundedMinor)
            {
                return RefundOutcome.TooMuch;
            }

            var now = clock.GetUtcNow();
            trade = Record(new TradeRefunded(
                number, now, new SandboxRefund(refundNumber, amountMinor, reason, now, notifyUrl)));
        }

        Announce?.Invoke(trade, trade.Notices[^1]);
        return RefundOutcome.Refunded;
    }

    /// <summary>A notification was sent once more, and the merchant acknowledged it or did not.</summary>
    public void CountDelivery(string number, string noticeId, bool acknowledged)
    {
        lock (_lock)
        {
            if (!_trades.TryGetValue(number, out var trade))
            {
                return;
            }

            _trades[number] = trade = TradeHistory.Change(trade, noticeId, one => one with { Deliveries = one.Deliveries + 1 });
            if (acknowledged && trade.Notices.Any(one => one.Id == noticeId && !one.Acknowledged))
            {
                Record(new NoticeAcknowledged(number, clock.GetUtcNow(), noticeId));
            }
        }
    }

    /// <summary>True when a trade cannot be paid any more: closed, wholly refunded, or an old QR code.</summary>
    public bool IsOver(SandboxTrade trade) =>
        trade.State == SandboxState.Closed || (trade.State == SandboxState.Offered && IsPastItsTime(trade));

    private SandboxTrade Record(TradeEvent happened)
    {
        _journal.Append(happened);
        return Apply(happened)!;
    }

    private SandboxTrade? Apply(TradeEvent happened)
    {
        if (happened is TradeOpened opened)
        {
            var fresh = TradeHistory.New(opened);
            if (_trades.TryAdd(opened.Number, fresh))
            {
                _byTradeNo[(fresh.Order.Provider, fresh.TradeNo)] = opened.Number;
                _order.Enqueue(opened.Number);
            }

            return _trades[opened.Number];
        }

        if (!_trades.TryGetValue(happened.Number, out var trade))
        {
            return null; // its opening was lost with a torn line
        }

        if (happened is TradeRefunded refunded)
        {
            _byRefund[(trade.Order.Provider, refunded.Refund.RefundNumber)] = trade.Number;
        }

        return _trades[happened.Number] = TradeHistory.After(trade, happened);
    }

    private bool IsPastItsTime(SandboxTrade trade) => clock.GetUtcNow() >= trade.Order.ExpiresAt;

    /// <summary>A scanned trade closes by itself when its time is over; nobody needs to be there to see it.</summary>
    private SandboxTrade Current(SandboxTrade trade) => trade.State == SandboxState.Waiting && IsPastItsTime(trade)
        ? trade with { State = SandboxState.Closed, ClosedAt = trade.Order.ExpiresAt }
        : trade;

    /// <summary>Lets go of trades that nobody can ask about in earnest; never of money still spoken of.</summary>
    private bool MakeRoom()
    {
        for (var tries = 0; _trades.Count >= maxTrades && tries < EvictionTries; tries++)
        {
            var number = _order.Dequeue();
            if (MayGo(_trades[number]))
            {
                Forget(_trades[number]);
            }
            else
            {
                _order.Enqueue(number);
            }
        }

        return _trades.Count < maxTrades;
    }

    private void Forget(SandboxTrade trade)
    {
        _trades.Remove(trade.Number);
        _byTradeNo.Remove((trade.Order.Provider, trade.TradeNo));
        foreach (var refund in trade.Refunds)
        {
            _byRefund.Remove((trade.Order.Provider, refund.RefundNumber));
        }
    }

    private bool MayGo(SandboxTrade trade)
    {
        var now = clock.GetUtcNow();
        return trade.PaidAt is { } paidAt
            ? now - paidAt > KeepPaid
            : now - trade.Order.ExpiresAt > KeepUnpaid || trade.State == SandboxState.Closed;
    }
}
