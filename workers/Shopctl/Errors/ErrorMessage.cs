using System.Globalization;
using System.Text;
using CardShop.Contracts;
using CardShop.Pipeline.Bus;
using RabbitMQ.Client;

namespace CardShop.Shopctl.Errors;

/// <summary>A message of the error queue, as its headers tell of it. Its body is a command: ids, no secret.</summary>
/// <param name="Queue">Where it failed, and where a retry goes; null where no header tells.</param>
/// <param name="Returned">How often it has been given back to the queue.</param>
internal sealed record ErrorMessage(
    string MessageId, string? Type, string? Queue, string? OrderId, string? FailedAt, string? ExceptionType, string? Problem,
    string? Stack, long Returned, int Size)
{
    private const int MaxText = 500;

    /// <summary>Headers that belong to the failure: a retry begins without them.</summary>
    private static readonly HashSet<string> OfFailure =
    [
        NServiceBusHeaders.FailedQueue, NServiceBusHeaders.TimeOfFailure, NServiceBusHeaders.ProcessingEndpoint,
        NServiceBusHeaders.ProcessingMachine, NServiceBusHeaders.HostId, NServiceBusHeaders.HostDisplayName,
        NServiceBusHeaders.ExceptionType, NServiceBusHeaders.InnerExceptionType, NServiceBusHeaders.ExceptionMessage,
        NServiceBusHeaders.ExceptionSource, NServiceBusHeaders.ExceptionStackTrace, NServiceBusHeaders.DelayedRounds,
        NServiceBusHeaders.RetryTimestamp,
    ];

    public static ErrorMessage Of(IReadOnlyBasicProperties properties, int size)
    {
        var headers = properties.Headers;
        return new(
            properties.MessageId ?? Text(headers, NServiceBusHeaders.MessageId) ?? string.Empty,
            properties.Type ?? Text(headers, NServiceBusHeaders.EnclosedMessageTypes)?.Split(';', ',')[0],
            Text(headers, NServiceBusHeaders.FailedQueue) ?? Text(headers, "x-first-death-queue"),
            Text(headers, NServiceBusHeaders.ConversationId),
            Text(headers, NServiceBusHeaders.TimeOfFailure),
            Text(headers, NServiceBusHeaders.ExceptionType)
                ?? (Text(headers, "x-first-death-reason") is { } reason ? "the broker gave it up: " + reason : null),
            Text(headers, NServiceBusHeaders.ExceptionMessage), Text(headers, NServiceBusHeaders.ExceptionStackTrace),
            Number(headers, "x-delivery-count"), size);
    }

    /// <summary>What a retry is sent with: as it was before it failed.</summary>
    public static BasicProperties Renewed(IReadOnlyBasicProperties properties) => new(properties)
    {
        Headers = (properties.Headers ?? new Dictionary<string, object?>())
            .Where(h => !OfFailure.Contains(h.Key) && !h.Key.StartsWith("x-", StringComparison.Ordinal))
            .ToDictionary(h => h.Key, h => h.Value),
    };

    /// <summary>The same for a copy that stays in the error queue: only the broker's own counts go.</summary>
    public static BasicProperties Copied(IReadOnlyBasicProperties properties) => new(properties)
    {
        Headers = (properties.Headers ?? new Dictionary<string, object?>())
            .Where(h => h.Key is not ("x-delivery-count" or "x-acquired-count")).ToDictionary(h => h.Key, h => h.Value),
    };

    /// <summary>True for a queue of ours that a retry may go to.</summary>
    public bool CanBeRetried => Queue is not null && Queues.Work.Contains(Queue);

    private static string? Text(IDictionary<string, object?>? headers, string name) =>
        headers is null || !headers.TryGetValue(name, out var value) ? null
            : (value switch { byte[] bytes => Encoding.UTF8.GetString(bytes), string text => text, _ => null }) is { } found
                ? Clean(found)
                : null;

    private static string Clean(string text)
    {
        var cut = text.Length > MaxText ? text[..MaxText] + "…" : text;
        return string.Concat(cut.Where(c => !char.IsControl(c) || c == '\n'));
    }

    private static long Number(IDictionary<string, object?>? headers, string name) =>
        headers is not null && headers.TryGetValue(name, out var value)
            && value is IConvertible and not string
            ? Convert.ToInt64(value, CultureInfo.InvariantCulture)
            : 0;
}

/// <summary>Which messages are meant.</summary>
/// <param name="MessageIds">These alone; empty = all that the others fit.</param>
internal sealed record ErrorFilter(IReadOnlyList<string> MessageIds, string? Queue, string? OrderId, string? Exception)
{
    /// <summary>True where ids alone say what is meant, or nothing does.</summary>
    public bool IsPlain => this is { Queue: null, OrderId: null, Exception: null };

    public bool Takes(ErrorMessage message) =>
        (MessageIds.Count == 0 || MessageIds.Contains(message.MessageId))
        && (Queue is null || message.Queue == Queue)
        && (OrderId is null || message.OrderId == OrderId)
        && (Exception is null || Has(message.ExceptionType) || Has(message.Problem));

    /// <summary>For the audit.</summary>
    public override string ToString() => MessageIds.Count > 0
        ? string.Join(' ', MessageIds)
        : "all" + (Queue is null ? "" : " of queue " + Queue) + (OrderId is null ? "" : " of order " + OrderId)
            + (Exception is null ? "" : " with exception " + Exception);

    private bool Has(string? text) => text?.Contains(Exception!, StringComparison.OrdinalIgnoreCase) == true;
}
