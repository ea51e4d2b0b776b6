using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace CardShop.Contracts;

/// <summary>Times as RFC 3339 UTC with milliseconds, in a fixed width that sorts as text.</summary>
public sealed class UtcTimeConverter : JsonConverter<DateTimeOffset>
{
    /// <summary><c>yyyy-MM-ddTHH:mm:ss.fffZ</c></summary>
    private const int Length = 24;

    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.GetDateTimeOffset();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options)
    {
        // The round-trip format is written by hand in the framework, a custom one is interpreted; the last four of its seven
        // decimals go.
        Span<byte> text = stackalloc byte[32];
        value.UtcDateTime.TryFormat(text, out _, "O", CultureInfo.InvariantCulture);
        text[Length - 1] = (byte)'Z';
        writer.WriteStringValue(text[..Length]);
    }
}

/// <summary>Enums as lower-case words with hyphens: <c>awaiting-payment</c>.</summary>
public sealed class KebabEnumConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.KebabCaseLower)
    where T : struct, Enum;

/// <summary>JSON of HTTP, Kafka and documents: camelCase, enums as strings, nulls left out.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(UtcTimeConverter)])]
[JsonSerializable(typeof(OrderPlaced))]
[JsonSerializable(typeof(OrderCancelRequested))]
[JsonSerializable(typeof(ChannelSwitchRequested))]
[JsonSerializable(typeof(PaymentNotification))]
[JsonSerializable(typeof(PaymentSaga))]
[JsonSerializable(typeof(DeliverySaga))]
[JsonSerializable(typeof(OrderDelivered))]
[JsonSerializable(typeof(OrderRefunded))]
[JsonSerializable(typeof(OrderExpired))]
[JsonSerializable(typeof(DeliveryFailed))]
[JsonSerializable(typeof(KeyReplaced))]
[JsonSerializable(typeof(KeysImported))]
[JsonSerializable(typeof(Partner))]
[JsonSerializable(typeof(WebhookReplayRequested))]
[JsonSerializable(typeof(KeysVoided))]
[JsonSerializable(typeof(AuditEntry))]
[JsonSerializable(typeof(Product))]
[JsonSerializable(typeof(StockLevel))]
[JsonSerializable(typeof(ChannelState))]
[JsonSerializable(typeof(Pulse))]
[JsonSerializable(typeof(DeadLetter))]
[JsonSerializable(typeof(DeadLetterResolved))]
public sealed partial class ContractsJson : JsonSerializerContext;

/// <summary>JSON of RabbitMQ bodies, as NServiceBus expects: PascalCase, nulls written.</summary>
[JsonSourceGenerationOptions]
[JsonSerializable(typeof(RequestPayment))]
[JsonSerializable(typeof(CheckPayment))]
[JsonSerializable(typeof(ClosePayment))]
[JsonSerializable(typeof(RefundPayment))]
[JsonSerializable(typeof(DeliverOrder))]
public sealed partial class CommandsJson : JsonSerializerContext;
