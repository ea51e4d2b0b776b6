using System.Text.Json.Serialization;

namespace CardShop.Contracts;

/// <summary>A trade's state as a provider reported it.</summary>
[JsonConverter(typeof(KebabEnumConverter<NotifiedStatus>))]
public enum NotifiedStatus
{
    Waiting,
    Paid,
    Closed,
}

/// <summary>
/// A provider's notification, verified when it arrived. Fleets never verify again: a replay years later must not
/// depend on certificates. The raw body and headers are kept for people and courts.
/// </summary>
/// <param name="Number">Our provider number: order id and two digits.</param>
/// <param name="TradeNo">The provider's number of the trade.</param>
/// <param name="NotifyId">The provider's id of the notification; its repeats carry the same.</param>
/// <param name="Amount">The trade's total in minor units.</param>
/// <param name="RawBody">As received.</param>
public sealed record PaymentNotification(
    string OrderId,
    string Channel,
    string Profile,
    string KeySerial,
    string Number,
    string? TradeNo,
    string NotifyId,
    string MerchantId,
    NotifiedStatus Status,
    long Amount,
    string Currency,
    DateTimeOffset? PaidAt,
    DateTimeOffset ArrivedAt,
    string ContentType,
    byte[] RawBody);
