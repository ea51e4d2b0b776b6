using CardShop.Api.Orders;
using CardShop.Contracts;
using CardShop.Shop.Channels;
using CardShop.Shop.Orders;

namespace CardShop.Api.Payments;

/// <summary>
/// <c>POST /v1/payments/{channel}/notify</c>: verified over its raw bytes, written to Kafka, and only then answered in
/// the provider's own format. A repeat is written again and answered with success; the saga knows it.
/// </summary>
public sealed class NotifyEndpoint(
    IReadOnlyList<IPaymentChannel> channels, InputLog log, TimeProvider time, ILogger<NotifyEndpoint> logger)
{
    private const int MaxBody = 64 * 1024;

    /// <summary>Begins the counts, so that the first failure is seen as one.</summary>
    public void Begin()
    {
        foreach (var channel in channels)
        {
            ApiMeter.BeginCallbacks(channel.Name);
        }
    }

    public async Task HandleAsync(HttpContext context, string channel)
    {
        if (channels.FirstOrDefault(c => c.Name == channel) is not { } provider)
        {
            await Problem.Of(StatusCodes.Status404NotFound, "There is no such payment channel").WriteAsync(context);
            return;
        }

        var outcome = "failed";
        try
        {
            outcome = await TakeAsync(context, provider, channel);
        }
        finally
        {
            ApiMeter.Callback(channel, outcome);
        }
    }

    /// <returns>What it came to, for the count.</returns>
    private async Task<string> TakeAsync(HttpContext context, IPaymentChannel provider, string channel)
    {
        if (await RequestBody.ReadAsync(context, MaxBody) is not { } body)
        {
            await Problem.Of(StatusCodes.Status413PayloadTooLarge, "The notification is too large").WriteAsync(context);
            return "refused";
        }

        var now = time.GetUtcNow();
        var headers = context.Request.Headers.ToDictionary(
            h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        var check = provider.Verify(body, headers, now);
        if (check is not { Refusal: null, Trade: { } trade })
        {
            ApiLog.NotificationRefused(logger, channel, check.Refusal ?? "it names no trade");
            await AnswerAsync(context, provider.Reply(NotificationOutcome.Refused));
            return "refused";
        }

        var offset = OrderOf(check, trade) is { } orderId
            ? await log.AppendAsync(
                Topics.PaymentNotifications, orderId, MessageTypes.PaymentNotification,
                ToNotification(orderId, channel, check, trade, headers, body, now),
                ContractsJson.Default.PaymentNotification)
            : await AppendOfNobodyAsync(channel, trade, body, now);
        await AnswerAsync(
            context, provider.Reply(offset is null ? NotificationOutcome.NotStored : NotificationOutcome.Stored));
        return offset is null ? "not-stored" : "stored";
    }

    internal static PaymentNotification ToNotification(
        string orderId, string channel, NotificationCheck check, ProviderTrade trade,
        Dictionary<string, string> headers, ReadOnlyMemory<byte> body, DateTimeOffset now) =>
        new(
            orderId, channel, check.Profile, check.KeySerial, trade.Number, trade.TradeNo, check.NotifyId, check.MerchantId,
            trade.Status switch
            {
                TradeStatus.Paid => NotifiedStatus.Paid,
                TradeStatus.Closed => NotifiedStatus.Closed,
                TradeStatus.Waiting => NotifiedStatus.Waiting,
                _ => throw new ArgumentOutOfRangeException(nameof(trade), trade.Status, "Unknown status."),
            },
            trade.AmountMinor, trade.Currency, trade.PaidAt, now,
            headers.GetValueOrDefault("Content-Type") ?? string.Empty, body.ToArray(), ProofOf(channel, headers),
            check.Refund?.RefundNumber, check.Refund?.Done, check.Refund?.AmountMinor, check.QueryFirst ? true : null,
            check.OrderedAt);

    /// <summary>
    /// The order that it is about; null where it is none of ours. A refund's own number begins with its payment's, for
    /// providers that name the refund alone.
    /// </summary>
    internal static string? OrderOf(NotificationCheck check, ProviderTrade trade) =>
        OrderIds.OfProviderNumber(trade.Number)
            ?? (check.Refund is { } refund ? OrderIds.OfRefundNumber(refund.RefundNumber) : null);

    /// <summary>The provider's own headers, which begin with its name: a signature may cover them. Null where there is none.</summary>
    private static Dictionary<string, string>? ProofOf(string channel, Dictionary<string, string> headers)
    {
        var own = headers.Where(h => h.Key.StartsWith(channel, StringComparison.OrdinalIgnoreCase))
            .ToDictionary(h => h.Key, h => h.Value);
        return own.Count > 0 ? own : null;
    }

    /// <summary>Genuine, but about a trade that no order of ours opened: money that an operator must look at.</summary>
    private Task<long?> AppendOfNobodyAsync(
        string channel, ProviderTrade trade, ReadOnlyMemory<byte> body, DateTimeOffset now)
    {
        ApiLog.NotificationOfNobody(logger, channel, trade.Number);
        var letter = new DeadLetter(
            "notify/" + channel, 0, 0, trade.Number, MessageTypes.PaymentNotification,
            "A genuine notification of a trade that no order of ours opened", null, now, body.ToArray());
        return log.AppendAsync(
            Topics.DeadLetters, letter.Topic, MessageTypes.DeadLetter, letter, ContractsJson.Default.DeadLetter);
    }

    private static Task AnswerAsync(HttpContext context, NotificationReply reply)
    {
        context.Response.StatusCode = reply.Status;
        context.Response.ContentType = reply.ContentType;
        return context.Response.WriteAsync(reply.Body, context.RequestAborted);
    }
}
