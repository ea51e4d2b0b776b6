using System.Text.Json.Serialization;
using CardShop.Contracts;

namespace CardShop.Shop.Housekeeping;

/// <summary>An order as the archive keeps it: one line of JSON. Its keys stay in the database, sealed.</summary>
/// <param name="Status">How it ended.</param>
public sealed record ArchivedOrder(string Id, string Status, DateTimeOffset ArchivedAt, PaymentSaga Payment, DeliverySaga? Delivery);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(UtcTimeConverter)])]
[JsonSerializable(typeof(ArchivedOrder))]
internal sealed partial class ArchiveJson : JsonSerializerContext;
