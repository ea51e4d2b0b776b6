using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace CardShop.Api;

/// <summary>What the API counts beside the requests, which ASP.NET Core measures itself.</summary>
internal static class ApiMeter
{
    private static readonly Meter Meter = new("CardShop.Api");

    private static readonly Counter<long> Accepted = Meter.CreateCounter<long>(
        "cardshop.orders.accepted", "{order}", "Orders that Kafka has acknowledged, by the channel that the buyer chose");

    private static readonly Counter<long> Callbacks = Meter.CreateCounter<long>(
        "cardshop.payment.callbacks", "{callback}", "Notifications of payment providers by what they were answered");

    public static void OrderAccepted(string channel) => Accepted.Add(1, new KeyValuePair<string, object?>("channel", channel));

    public static void BeginCallbacks(string channel)
    {
        foreach (var outcome in new[] { "stored", "refused", "not-stored", "failed" })
        {
            Callbacks.Add(0, new TagList { { "channel", channel }, { "outcome", outcome } });
        }
    }

    /// <param name="channel">One that is set up.</param>
    /// <param name="outcome"><c>stored</c>, <c>refused</c> (not genuine, or not readable), <c>not-stored</c> or <c>failed</c>.</param>
    public static void Callback(string channel, string outcome) =>
        Callbacks.Add(1, new TagList { { "channel", channel }, { "outcome", outcome } });
}
