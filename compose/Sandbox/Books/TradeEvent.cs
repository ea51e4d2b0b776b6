using System.Text.Json.Serialization;

namespace CardShop.Sandbox.Books;

/// <summary>What happened to a trade: the journal's lines. The books are what these come to, in order.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "event")]
[JsonDerivedType(typeof(TradeOpened), "opened")]
[JsonDerivedType(typeof(TradeScanned), "scanned")]
[JsonDerivedType(typeof(TradeDeclined), "declined")]
[JsonDerivedType(typeof(TradePaid), "paid")]
[JsonDerivedType(typeof(TradeClosed), "closed")]
[JsonDerivedType(typeof(TradeRefunded), "refunded")]
[JsonDerivedType(typeof(NoticeAcknowledged), "acknowledged")]
public abstract record TradeEvent(string Number, DateTimeOffset At);

public sealed record TradeOpened(string Number, DateTimeOffset At, OpenTrade Order) : TradeEvent(Number, At);

public sealed record TradeScanned(string Number, DateTimeOffset At) : TradeEvent(Number, At);

public sealed record TradeDeclined(string Number, DateTimeOffset At) : TradeEvent(Number, At);

public sealed record TradePaid(string Number, DateTimeOffset At) : TradeEvent(Number, At);

public sealed record TradeClosed(string Number, DateTimeOffset At) : TradeEvent(Number, At);

public sealed record TradeRefunded(string Number, DateTimeOffset At, SandboxRefund Refund) : TradeEvent(Number, At);

public sealed record NoticeAcknowledged(string Number, DateTimeOffset At, string NoticeId) : TradeEvent(Number, At);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(TradeEvent))]
internal sealed partial class JournalJson : JsonSerializerContext;
