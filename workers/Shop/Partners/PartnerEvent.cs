using System.Buffers;
using System.Globalization;
using System.Text.Json;
using CardShop.Pipeline.Batches;

namespace CardShop.Shop.Partners;

/// <summary>
/// An event as partners get it by HTTP: a record of shop.deliveries.v1 in the JSON format of CloudEvents 1.0. Feed and
/// webhooks send the same bytes.
/// </summary>
/// <param name="Id">Stable: a repeat of the event has the same.</param>
/// <param name="Offset">The record's place in its partition: it orders the events of one order.</param>
/// <param name="Json">The event in structured mode, UTF-8.</param>
public sealed record PartnerEvent(
    string Id, string Type, string OrderId, string Sku, DateTimeOffset Time, int Partition, long Offset, byte[] Json)
{
    /// <returns>Null where the record is no event that partners could read.</returns>
    public static PartnerEvent? Read(LogIncoming record)
    {
        if (record is not { CloudEvent: { Type: { } type, Subject: { } order } attributes, Value: { } data }
            || !DateTimeOffset.TryParse(
                attributes.Time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
                out var time)
            || SkuOf(data) is not { } sku)
        {
            return null;
        }

        // There are few types, and many events in memory.
        return new(
            attributes.Id, string.IsInterned(type) ?? type, order, sku, time, record.Partition.Partition, record.Offset, Write(record, data));
    }

    private static string? SkuOf(byte[] data)
    {
        try
        {
            using var json = JsonDocument.Parse(data);
            return json.RootElement.ValueKind == JsonValueKind.Object
                && json.RootElement.TryGetProperty("sku", out var sku) && sku.ValueKind == JsonValueKind.String
                ? sku.GetString()
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static byte[] Write(LogIncoming record, byte[] data)
    {
        var attributes = record.CloudEvent!;
        var buffer = new ArrayBufferWriter<byte>(data.Length + 320);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("specversion", "1.0");
            json.WriteString("id", attributes.Id);
            json.WriteString("source", attributes.Source);
            json.WriteString("type", attributes.Type);
            json.WriteString("subject", attributes.Subject);
            json.WriteString("time", attributes.Time);
            json.WriteString("datacontenttype", "application/json");
            if (attributes.Sequence is { } sequence)
            {
                json.WriteString("sequence", sequence);
            }

            json.WritePropertyName("data");
            // It was parsed just now.
            json.WriteRawValue(data, skipInputValidation: true);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
