using System.Text.Json.Serialization;
using CardShop.Contracts;

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
/// <param name="Line">The statement's line; null where it has none.</param>
public sealed record Finding(
    FindingKind Kind, MoneyKind Money, string Number, string? OrderId, string? RefundNumber, string? TradeNo, long? Theirs,
    long? Ours, string? Currency, DateOnly Day, string Reason, long? Line = null)
{
    /// <summary>True for what a person must decide about.</summary>
    public bool NeedsCase => Kind is FindingKind.MissingHere or FindingKind.MissingThere or FindingKind.Differing;
}
