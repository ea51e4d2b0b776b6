using CardShop.Shop.Channels;
using CardShop.Shop.Channels.Resilience;
using CardShop.Tests.Simulation.Engine;

namespace CardShop.Tests.Simulation.Servers;

/// <param name="Latency">The longest way there, and back; beyond three seconds callers give up.</param>
/// <param name="LostBefore">Of a call that does not arrive.</param>
/// <param name="LostAfter">Of a call that is done, and its caller does not learn it.</param>
/// <param name="Unknown">Of a query that denies a trade which is there.</param>
/// <param name="SlowRefund">Of a refund that takes a while.</param>
internal sealed record ProviderFaults(
    TimeSpan Latency, double LostBefore, double LostAfter, double Unknown, double SlowRefund)
{
    public static readonly ProviderFaults None = new(TimeSpan.Zero, 0, 0, 0, 0);
}

/// <summary>A trade in the provider's own books.</summary>
internal sealed class Trade(PaymentRequest request, string tradeNo)
{
    public PaymentRequest Request => request;

    public string TradeNo => tradeNo;

    public TradeStatus Status { get; set; } = TradeStatus.Waiting;

    public DateTimeOffset? PaidAt { get; set; }

    /// <summary>By refund number; false while it is under way.</summary>
    public Dictionary<string, (long Amount, bool IsDone)> Refunds { get; } = [];

    public long Refunded => Refunds.Values.Sum(r => r.Amount);

    public long Kept => PaidAt is null ? 0 : request.AmountMinor - Refunded;
}

/// <summary>
/// A simulated payment provider with books of its own. It knows a repeat by its number, it is slow, calls to it are lost
/// on the way there or back, and it answers what it should not.
/// </summary>
internal sealed class SimProvider(Sim sim, string name, ProviderFaults faults)
{
    public string Name => name;

    public ProviderFaults Faults => faults;

    public Dictionary<string, Trade> Trades { get; } = [];

    public long DownUntil { get; set; }

    /// <summary>Told of each call before it is done: the call, its trade's number, and its refund's.</summary>
    public Action<string, PaymentRequest, string?>? OnCall { get; set; }

    public Action<Trade>? OnPaid { get; set; }

    public Action<Trade, string>? OnRefunded { get; set; }

    public OfferedChannel Connect() => new(new SimChannel(sim, this), ["default"]);

    /// <summary>A buyer pays.</summary>
    /// <param name="isLate">The provider does not look at the trade's end.</param>
    /// <returns>False where the trade cannot be paid.</returns>
    public bool Pay(string number, bool isLate)
    {
        if (!Trades.TryGetValue(number, out var trade) || trade.Status != TradeStatus.Waiting
            || (!isLate && sim.UtcNow >= trade.Request.ExpiresAt))
        {
            return false;
        }

        trade.Status = TradeStatus.Paid;
        trade.PaidAt = sim.UtcNow;
        sim.Note("paid " + name, number);
        OnPaid?.Invoke(trade);
        return true;
    }

    internal ChannelAnswer Create(PaymentRequest request)
    {
        OnCall?.Invoke("create", request, null);
        if (!Trades.TryGetValue(request.Number, out var trade))
        {
            if (sim.UtcNow >= request.ExpiresAt)
            {
                return new(ChannelResult.WrongState, Code: "EXPIRED");
            }

            trade = new(request, "T" + (Trades.Count + 1));
            Trades[request.Number] = trade;
            sim.Note("trade opened " + name, request.Number);
        }
        else if (trade.Request != request)
        {
            sim.Fail($"A repeat of {request.Number} is another call than the first: {request}, before {trade.Request}");
        }

        return trade.Status == TradeStatus.Waiting && sim.UtcNow < request.ExpiresAt
            ? new(ChannelResult.Done, "pay:" + request.Number)
            : new(ChannelResult.WrongState, Trade: Shown(trade));
    }

    internal ChannelAnswer Query(PaymentRequest request)
    {
        OnCall?.Invoke("query", request, null);
        return !Trades.TryGetValue(request.Number, out var trade) || sim.Chance(faults.Unknown)
            ? new(ChannelResult.NotFound, Code: "TRADE_NOT_EXIST")
            : new(ChannelResult.Done, Trade: Shown(trade));
    }

    internal ChannelAnswer Close(PaymentRequest request)
    {
        OnCall?.Invoke("close", request, null);
        if (!Trades.TryGetValue(request.Number, out var trade))
        {
            return new(ChannelResult.NotFound, Code: "TRADE_NOT_EXIST");
        }

        if (trade.Status == TradeStatus.Paid)
        {
            return new(ChannelResult.WrongState, Trade: Shown(trade));
        }

        trade.Status = TradeStatus.Closed;
        return new(ChannelResult.Done, Trade: Shown(trade));
    }

    internal ChannelAnswer Refund(RefundRequest request)
    {
        OnCall?.Invoke("refund", request.Payment, request.RefundNumber);
        if (!Trades.TryGetValue(request.Payment.Number, out var trade) || trade.PaidAt is null)
        {
            return new(ChannelResult.NotFound, Code: "TRADE_NOT_EXIST");
        }

        if (trade.Refunds.TryGetValue(request.RefundNumber, out var known))
        {
            return known.IsDone ? new(ChannelResult.Done, Trade: Shown(trade)) : new(ChannelResult.Unknown, Code: "PROCESSING");
        }

        if (trade.Refunded + request.AmountMinor > trade.Request.AmountMinor)
        {
            return new(ChannelResult.Refused, Code: "REFUND_AMOUNT_EXCEEDED");
        }

        var isSlow = sim.Chance(faults.SlowRefund);
        trade.Refunds[request.RefundNumber] = (request.AmountMinor, !isSlow);
        sim.Note("refund " + name, request.RefundNumber);
        OnRefunded?.Invoke(trade, request.RefundNumber);
        if (!isSlow)
        {
            return new(ChannelResult.Done, Trade: Shown(trade));
        }

        sim.After(sim.Between(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(20)), () =>
            trade.Refunds[request.RefundNumber] = (request.AmountMinor, true));
        return new(ChannelResult.Unknown, Code: "PROCESSING");
    }

    private static ProviderTrade Shown(Trade trade) => new(
        trade.Request.Number, trade.TradeNo, trade.Status, trade.Request.AmountMinor, "CNY", trade.PaidAt, trade.Refunded);
}

/// <summary>The way of one process to the provider.</summary>
internal sealed class SimChannel(Sim sim, SimProvider provider) : IPaymentChannel
{
    private static readonly ChannelAnswer Lost = new(ChannelResult.Unknown, Code: "CONNECTION_FAILED");
    private static readonly ChannelAnswer TimedOut = new(ChannelResult.Unknown, Code: ProviderFailures.Timeout);

    public string Name => provider.Name;

    public Task<ChannelAnswer> CreateAsync(PaymentRequest request, CancellationToken cancellation) =>
        CallAsync(() => provider.Create(request));

    public Task<ChannelAnswer> QueryAsync(PaymentRequest request, CancellationToken cancellation) =>
        CallAsync(() => provider.Query(request));

    public Task<ChannelAnswer> CloseAsync(PaymentRequest request, CancellationToken cancellation) =>
        CallAsync(() => provider.Close(request));

    public Task<ChannelAnswer> RefundAsync(RefundRequest request, CancellationToken cancellation) =>
        CallAsync(() => provider.Refund(request));

    public NotificationCheck Verify(
        ReadOnlyMemory<byte> body, IReadOnlyDictionary<string, string> headers, DateTimeOffset arrivedAt) => new("not simulated");

    public NotificationReply Reply(NotificationOutcome outcome) => new(200, "text/plain", "success");

    private async Task<ChannelAnswer> CallAsync(Func<ChannelAnswer> call)
    {
        var faults = provider.Faults;
        await TravelAsync();
        if (provider.DownUntil > sim.Now || sim.Chance(faults.LostBefore))
        {
            return sim.Random.Next(2) == 0 ? Lost : TimedOut;
        }

        var answer = call();
        var isLost = sim.Chance(faults.LostAfter);
        await TravelAsync();
        return isLost ? TimedOut : answer;
    }

    private Task TravelAsync() => provider.Faults.Latency > TimeSpan.Zero
        ? sim.Sleep(sim.Between(TimeSpan.Zero, provider.Faults.Latency))
        : Task.CompletedTask;
}
