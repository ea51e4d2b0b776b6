using System.Collections.Frozen;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Log;
using CardShop.Pipeline.Telemetry;

namespace CardShop.Api.Orders;

/// <summary>Writes what comes in to Kafka; nothing is answered with success before Kafka has it.</summary>
public sealed class InputLog(ILog log, ILogger<InputLog> logger)
{
    // One per type: a record's headers never change.
    private static readonly FrozenDictionary<string, IReadOnlyList<LogHeader>> Headers = new[]
    {
        MessageTypes.OrderPlaced, MessageTypes.OrderCancelRequested, MessageTypes.ChannelSwitchRequested,
        MessageTypes.PaymentNotification, MessageTypes.DeadLetter, MessageTypes.WebhookReplayRequested,
    }.ToFrozenDictionary(t => t, t => (IReadOnlyList<LogHeader>)[new LogHeader(RecordHeaders.Type, Encoding.UTF8.GetBytes(t))]);

    /// <param name="key">The record's key, which also chooses its partition.</param>
    /// <param name="type">One of <see cref="MessageTypes"/>.</param>
    /// <returns>The offset; null when Kafka has not acknowledged it in time: it may be stored all the same.</returns>
    public async Task<long?> AppendAsync<T>(Topic topic, string key, string type, T body, JsonTypeInfo<T> json)
    {
        using var span = Traces.Start("publish " + topic.Name, ActivityKind.Producer);
        try
        {
            // Not cancelled with the request: the buyer who hung up may have an order all the same.
            return await log.ProduceAsync(
                new(
                    topic.Name, topic.PartitionOf(key), Encoding.UTF8.GetBytes(key),
                    JsonSerializer.SerializeToUtf8Bytes(body, json), HeadersOf(type, span)),
                CancellationToken.None);
        }
        catch (PlaceException e)
        {
            span?.SetStatus(ActivityStatusCode.Error, "not acknowledged");
            ApiLog.NotAcknowledged(logger, type, e.Message);
            return null;
        }
    }

    private static IReadOnlyList<LogHeader> HeadersOf(string type, Activity? span) =>
        Traces.Parent(span) is { } parent
            ? [.. Headers[type], new(Traces.Header, Encoding.ASCII.GetBytes(parent))]
            : Headers[type];
}
