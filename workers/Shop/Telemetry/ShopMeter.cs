using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Shop.Channels;
using CardShop.Shop.Channels.Resilience;
using CardShop.Shop.Orders;

namespace CardShop.Shop.Telemetry;

/// <summary>What the shop counts: orders, deliveries, calls to providers, partners and mail servers. Labels never hold an id.</summary>
internal static class ShopMeter
{
    private static readonly Meter Meter = new("CardShop.Shop");

    private static readonly Counter<long> Orders = Meter.CreateCounter<long>(
        "cardshop.orders.reached", "{order}", "Orders that came to a status, by the channel of their last attempt");

    private static readonly Counter<long> Deliveries = Meter.CreateCounter<long>(
        "cardshop.deliveries.reached", "{order}", "Deliveries that came to a status");

    private static readonly Histogram<double> Delay = Meter.CreateHistogram(
        "cardshop.delivery.delay", "s", "From acceptance, or from payment, to the delivery's commit",
        advice: Buckets(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 1_800, 7_200));

    private static readonly Histogram<double> Calls = Meter.CreateHistogram(
        "cardshop.provider.call.duration", "s", "Calls to payment providers, repeats and waits within one call included",
        advice: Buckets(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10));

    private static readonly Counter<long> Webhooks = Meter.CreateCounter<long>(
        "cardshop.webhook.calls", "{call}", "Calls to partners' webhooks by outcome");

    private static readonly Counter<long> Mails = Meter.CreateCounter<long>(
        "cardshop.mails.tried", "{mail}", "Mails to buyers by what became of the try");

    private static readonly Counter<long> Foreign = Meter.CreateCounter<long>(
        "cardshop.foreign.inputs", "{record}", "Inputs for other regions' ids: kept in the log, passed over here");

    private static readonly Dictionary<Enum, string> Names = Enum.GetValues<PaymentStatus>().Cast<Enum>()
        .Concat(Enum.GetValues<DeliveryStatus>().Cast<Enum>()).Concat(Enum.GetValues<ChannelResult>().Cast<Enum>())
        .ToDictionary(e => e, e => JsonNamingPolicy.KebabCaseLower.ConvertName(e.ToString()));

    public static void Order(PaymentStatus status, string channel) =>
        Orders.Add(1, new TagList { { "status", Names[status] }, { "channel", channel } });

    public static void PassedOver(PassedInputs passed) =>
        Foreign.Add(passed.Records, new TagList { { "region", passed.Region }, { "topic", passed.Topic } });

    public static void Delivery(DeliveryStatus status) =>
        Deliveries.Add(1, new KeyValuePair<string, object?>("status", Names[status]));

    /// <param name="since"><c>accepted</c> or <c>paid</c>.</param>
    public static void Delivered(string since, TimeSpan delay) =>
        Delay.Record(Math.Max(0, delay.TotalSeconds), new KeyValuePair<string, object?>("since", since));

    /// <param name="call"><c>create</c>, <c>query</c>, <c>close</c> or <c>refund</c>.</param>
    public static void ProviderCall(string channel, string call, ChannelAnswer answer, TimeSpan duration) =>
        Calls.Record(
            duration.TotalSeconds, new TagList { { "channel", channel }, { "call", call }, { "outcome", OutcomeOf(answer) } });

    public static void WebhookCall(bool isSuccess) =>
        Webhooks.Add(1, new KeyValuePair<string, object?>("outcome", isSuccess ? "delivered" : "failed"));

    /// <param name="outcome"><c>sent</c>, <c>again</c>, <c>no-address</c> or <c>given-up</c>.</param>
    public static void Mail(string outcome) => Mails.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    /// <summary>The provider's codes are too many for labels: only what says that nobody answered is told apart.</summary>
    private static string OutcomeOf(ChannelAnswer answer) =>
        answer.Code == ProviderFailures.CircuitOpen ? "circuit-open"
        : answer.Code == ProviderFailures.Timeout ? "timeout"
        : ProviderFailures.IsPlace(answer) ? "unanswered"
        : Names[answer.Result];

    private static InstrumentAdvice<double> Buckets(params double[] bounds) => new() { HistogramBucketBoundaries = bounds };
}
