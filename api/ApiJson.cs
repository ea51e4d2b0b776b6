using System.Text.Json.Serialization;
using CardShop.Api.Orders;
using CardShop.Api.Partners;
using CardShop.Api.Products;
using CardShop.Contracts;

namespace CardShop.Api;

/// <summary>JSON of requests: unknown and doubled fields are refused.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    NumberHandling = JsonNumberHandling.Strict)]
[JsonSerializable(typeof(OrderRequest))]
[JsonSerializable(typeof(ChannelRequest))]
[JsonSerializable(typeof(LookupRequest))]
[JsonSerializable(typeof(WebhookReplayRequest))]
public sealed partial class RequestJson : JsonSerializerContext;

/// <summary>JSON of answers.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(UtcTimeConverter)])]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(OrderAccepted))]
[JsonSerializable(typeof(OrderNoted))]
[JsonSerializable(typeof(OrderView))]
[JsonSerializable(typeof(LookupResult))]
[JsonSerializable(typeof(ProductList))]
[JsonSerializable(typeof(ProductDetails))]
[JsonSerializable(typeof(EventPage))]
[JsonSerializable(typeof(WebhookReplayAccepted))]
public sealed partial class ApiJson : JsonSerializerContext;
