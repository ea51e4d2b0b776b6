using System.Text;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline.Log;
using CardShop.Shop.Channels;
using CardShop.Shop.Orders;

namespace CardShop.Tests.Bench.Pipeline;

/// <summary>
/// A payment provider inside the fleet's process, without network and signatures, whose every buyer pays at once:
/// opening a trade produces its notification, as the API would have written it. The answer does not wait for that.
/// </summary>
internal sealed class InstantChannel(ILog log, TimeProvider time) : IPaymentChannel
{
    private long _paid;
    private long _failed;

    public string Name => "alipay";

    /// <summary>Notifications that Kafka has.</summary>
    public long Paid => Interlocked.Read(ref _paid);

    /// <summary>Notifications that Kafka did not take.</summary>
    public long Failed => Interlocked.Read(ref _failed);

    public Task<ChannelAnswer> CreateAsync(PaymentRequest request, CancellationToken cancellation)
    {
        _ = PayAsync(request);
        return Task.FromResult(new ChannelAnswer(
            ChannelResult.Done, "https://qr.alipay.example/" + request.Number, Code: "10000"));
    }

    public Task<ChannelAnswer> QueryAsync(PaymentRequest request, CancellationToken cancellation) =>
        Task.FromResult(new ChannelAnswer(ChannelResult.Done, Trade: TradeOf(request), Code: "10000"));

    public Task<ChannelAnswer> CloseAsync(PaymentRequest request, CancellationToken cancellation) =>
        Task.FromResult(new ChannelAnswer(ChannelResult.WrongState, Trade: TradeOf(request)));

    public Task<ChannelAnswer> RefundAsync(RefundRequest request, CancellationToken cancellation) =>
        Task.FromResult(new ChannelAnswer(ChannelResult.Done));

    public NotificationCheck Verify(
        ReadOnlyMemory<byte> body, IReadOnlyDictionary<string, string> headers, DateTimeOffset arrivedAt) =>
        new("This provider notifies inside the process only");

    public NotificationReply Reply(NotificationOutcome outcome) => new(204, string.Empty, string.Empty);

    private async Task PayAsync(PaymentRequest request)
    {
        try
        {
            await log.ProduceAsync(Notification(request), CancellationToken.None);
            Interlocked.Increment(ref _paid);
        }
#pragma warning disable CA1031 // Nobody awaits this: what failed is counted, and fails the measurement.
        catch (Exception)
#pragma warning restore CA1031
        {
            Interlocked.Increment(ref _failed);
        }
    }

    private ProviderTrade TradeOf(PaymentRequest request) => new(
        request.Number, "2026112122001400" + request.Number[..12], TradeStatus.Paid, request.AmountMinor, request.Currency,
        time.GetUtcNow());

    private LogRecord Notification(PaymentRequest request)
    {
        var orderId = OrderIds.OfProviderNumber(request.Number)!;
        var trade = TradeOf(request);
        var now = time.GetUtcNow();

        // As long as Alipay's own: some 1,000 bytes of form with a signature of 344.
        var raw =
            $"gmt_create=2026-11-21+03%3A00%3A00&charset=utf-8&seller_email=seller%40example.com&subject={request.Subject}"
            + $"&sign={Signature}&invoice_amount={request.AmountMinor / 100}.00&notify_id={trade.TradeNo}&fund_bill_list="
            + "%5B%7B%22amount%22%3A%2210.00%22%2C%22fundChannel%22%3A%22ALIPAYACCOUNT%22%7D%5D&notify_type=trade_status_sync"
            + $"&trade_status=TRADE_SUCCESS&receipt_amount=10.00&app_id=2021000000000001&buyer_pay_amount=10.00&sign_type=RSA2"
            + $"&seller_id=2088000000000001&gmt_payment=2026-11-21+03%3A00%3A01&version=1.0&out_trade_no={request.Number}"
            + $"&total_amount={request.AmountMinor / 100}.00&trade_no={trade.TradeNo}&auth_app_id=2021000000000001&point_amount=0.00";
        var notification = new PaymentNotification(
            orderId, Name, request.Profile, "bench", request.Number, trade.TradeNo, "n" + request.Number, "2088000000000001",
            NotifiedStatus.Paid, request.AmountMinor, request.Currency, now, now,
            "application/x-www-form-urlencoded; charset=utf-8", Encoding.ASCII.GetBytes(raw));
        return new(
            Topics.PaymentNotifications.Name, Topics.PaymentNotifications.PartitionOf(orderId), Encoding.UTF8.GetBytes(orderId),
            JsonSerializer.SerializeToUtf8Bytes(notification, ContractsJson.Default.PaymentNotification),
            [new(RecordHeaders.Type, Encoding.UTF8.GetBytes(MessageTypes.PaymentNotification))]);
    }

    private static string Signature { get; } = new('A', 344);
}
