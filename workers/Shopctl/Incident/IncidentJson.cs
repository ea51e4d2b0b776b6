using System.Text.Json.Serialization;
using CardShop.Contracts;

namespace CardShop.Shopctl.Incident;

/// <summary>What is read of a snapshot; contact, attempts and the rest are skipped unread.</summary>
public sealed record SagaPart(string Id, IReadOnlyList<ReceivedPayment>? Payments = null, IReadOnlyList<ReviewCase>? Reviews = null);

/// <summary>What is read of a provider's notification; its raw body is skipped.</summary>
public sealed record NotifiedMoney(
    string Number, string NotifyId, NotifiedStatus Status, long Amount, string? RefundNumber = null);

/// <summary>What is read of a dead letter; its body is skipped.</summary>
public sealed record DeadLetterHead(
    string Topic, int Partition, long Offset, string Reason, string? OrderId, DateTimeOffset At);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(SagaPart))]
[JsonSerializable(typeof(NotifiedMoney))]
[JsonSerializable(typeof(DeadLetterHead))]
internal sealed partial class IncidentJson : JsonSerializerContext;
