using System.Globalization;
using System.Text;
using Confluent.Kafka;

namespace CardShop.Pipeline.Log;

/// <summary>CloudEvents 1.0, Kafka binary binding: attributes as headers, data as the value.</summary>
public static class CloudEventHeaders
{
    public const string SpecVersion = "ce_specversion";
    public const string Id = "ce_id";
    public const string Type = "ce_type";
    public const string Source = "ce_source";
    public const string Subject = "ce_subject";
    public const string Time = "ce_time";

    /// <summary>The extension "sequence": orders the events of one subject; compared as text.</summary>
    public const string Sequence = "ce_sequence";

    /// <summary>The binding's place for the attribute datacontenttype.</summary>
    public const string ContentType = "content-type";

    /// <summary>Ten digits, so that text compares as numbers do.</summary>
    public static string ToText(int sequence) => sequence.ToString("D10", CultureInfo.InvariantCulture);
}

/// <summary>The attributes of a record that is a CloudEvent; each as the header has it, null where there is none.</summary>
/// <param name="Time">RFC 3339.</param>
public sealed record CloudEventAttributes(
    string Id, string? Type, string? Source, string? Subject, string? Time, string? Sequence)
{
    /// <returns>Null where the record is no CloudEvent.</returns>
    internal static CloudEventAttributes? Read(Headers headers) =>
        Text(headers, CloudEventHeaders.Id) is not { } id
            ? null
            : new(
                id, Text(headers, CloudEventHeaders.Type), Text(headers, CloudEventHeaders.Source),
                Text(headers, CloudEventHeaders.Subject), Text(headers, CloudEventHeaders.Time),
                Text(headers, CloudEventHeaders.Sequence));

    private static string? Text(Headers headers, string name) =>
        headers.TryGetLastBytes(name, out var bytes) ? Encoding.UTF8.GetString(bytes) : null;
}
