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
/// <param name="Headers">The headers that the signature covers, as received; null where it covers the body alone.</param>
/// <param name="RefundNumber">The refund that it is about; null where it is about the payment.</param>
/// <param name="RefundDone">Whether that refund gave the money back; false: it never will.</param>
/// <param name="RefundAmount">In minor units.</param>
/// <param name="QueryFirst">True: the provider wants to be queried before the money is booked; null = no.</param>
/// <param name="OrderedAt">When the trade was opened, as the provider says it: some can be queried by that time alone.</param>
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
    byte[] RawBody,
    IReadOnlyDictionary<string, string>? Headers = null,
    string? RefundNumber = null,
    bool? RefundDone = null,
    long? RefundAmount = null,
    bool? QueryFirst = null,
    DateTimeOffset? OrderedAt = null);
