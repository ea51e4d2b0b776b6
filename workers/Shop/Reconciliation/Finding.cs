using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using CardShop.Contracts;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;

namespace CardShop.Shop.Reconciliation;

/// <summary>What comparing found.</summary>
[JsonConverter(typeof(KebabEnumConverter<FindingKind>))]
public enum FindingKind
{
    /// <summary>The provider has money that the shop has not.</summary>
    MissingHere,

    /// <summary>The shop recorded money in the statement's period that the statement lacks.</summary>
    MissingThere,

    /// <summary>Both have it, and not the same of it.</summary>
    Differing,

    /// <summary>A number that no order of this shop can have: listed, no case.</summary>
    NotOurs,

    /// <summary>Recorded so near to the period's border that the neighbouring day may have it: listed, no case.</summary>
    AtBorder,

    /// <summary>The order was moved to the archive: listed, no case.</summary>
    Archived,
}

/// <summary>Something to be looked at.</summary>
/// <param name="OrderId">Null where the number is not ours.</param>
/// <param name="Theirs">The statement's amount in fen; null where it has none.</param>
/// <param name="Ours">The shop's amount in fen; null where it has none.</param>
/// <param name="Day">The provider's day.</param>
/// <param name="At">When, by the side that has it.</param>
/// <param name="Line">The statement's line; null where it has none.</param>
/// <param name="Profile">The merchant profile that the order knows; null where it knows none.</param>
public sealed record Finding(
    FindingKind Kind, MoneyKind Money, string Number, string? OrderId, string? RefundNumber, string? TradeNo, long? Theirs,
    long? Ours, string? Currency, DateOnly Day, DateTimeOffset At, string Reason, long? Line = null,
    string? Profile = null)
{
    /// <summary>True for what a person must decide about.</summary>
    public bool NeedsCase => Kind is FindingKind.MissingHere or FindingKind.MissingThere or FindingKind.Differing;

    /// <summary>
    /// The case's id, the same whenever this is found again: it is made of the kind, the number and the day. Null where no
    /// case is needed.
    /// </summary>
    internal string? CaseId => NeedsCase
        ? $"statement.{JsonNamingPolicy.KebabCaseLower.ConvertName(Kind.ToString())}.{RefundNumber ?? Number}.{Day:yyyy-MM-dd}"
        : null;

    /// <summary>What tells the order's saga; null where no case is needed.</summary>
    public PaymentMessage.StatementFinding? ToMessage(MatchScope scope) => CaseId is not { } id || OrderId is not { } order ? null : new(
        order,
        id,
        Kind switch
        {
            FindingKind.MissingHere => StatementFault.MissingHere,
            FindingKind.MissingThere => StatementFault.MissingThere,
            FindingKind.Differing or FindingKind.NotOurs or FindingKind.AtBorder or FindingKind.Archived => StatementFault.Differs,
            _ => throw new ArgumentOutOfRangeException(nameof(scope), Kind, "Unknown kind."),
        },
        scope.Channel, scope.Profile ?? Profile ?? ShopSettings.Default.Profile,
        Money == MoneyKind.Refund ? RefundNumber ?? Number : Number, TradeNo, Theirs ?? 0, Currency ?? string.Empty,
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Money} of {Day:yyyy-MM-dd}, statement: {Theirs} fen, here: {Ours} fen, line {Line}: {Reason}"),
        At);
}
