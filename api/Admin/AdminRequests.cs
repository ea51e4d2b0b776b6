using CardShop.Contracts;

namespace CardShop.Api.Admin;

/// <summary>What every changing call says.</summary>
public interface IAdminRequest
{
    /// <summary>Why, in the operator's words: 1 to 200 characters, kept in the audit.</summary>
    string? Why { get; }

    /// <summary>The approval under which it is done, once a second operator has given it.</summary>
    string? Approval { get; }
}

/// <summary>A decision that needs no more than a reason.</summary>
public sealed record DecisionRequest(string? Why, string? Approval = null) : IAdminRequest;

/// <param name="Amount">Fen; absent = all that is left of the payment.</param>
/// <param name="Number">Which payment; absent = the one that pays the order.</param>
public sealed record RefundRequest(string? Why, long? Amount = null, string? Number = null, string? Approval = null)
    : IAdminRequest;

/// <param name="Reference">The provider's number of the payment, or what proves it.</param>
/// <param name="Amount">What came in, fen: the order's amount, said again to be sure.</param>
/// <param name="Number">Which attempt it paid; absent = the last.</param>
public sealed record ConfirmPaidRequest(
    string? Why, string? Reference, long? Amount, string? Number = null, string? Approval = null) : IAdminRequest;

/// <param name="Text">What the buyer gets, 1 to 8000 characters. It is encrypted, and stands in no log and no audit.</param>
public sealed record HandOverRequest(string? Why, string? Text, string? Approval = null) : IAdminRequest
{
    /// <summary>Never the text: it must not reach a log by way of a format string.</summary>
    public override string ToString() => "(goods)";
}

/// <param name="KeyId">The faulty key.</param>
/// <param name="Text">What takes the place of a text of manual goods; absent for keys, which come from stock.</param>
public sealed record ReplaceRequest(string? Why, Guid? KeyId, string? Text = null, string? Approval = null) : IAdminRequest
{
    /// <summary>Never the text: it must not reach a log by way of a format string.</summary>
    public override string ToString() => "(goods)";
}

/// <param name="Price">Per unit, fen.</param>
/// <param name="Hold"><c>order</c> or <c>payment</c>: when stock is set aside.</param>
/// <param name="Kind"><c>unique</c>, <c>reusable</c> or <c>manual</c>; it never changes.</param>
/// <param name="Version">The version that the change was made from; with another one there it is refused.</param>
/// <param name="Category">Under what buyers find it, at most 40 characters; absent = stays, empty = none.</param>
/// <param name="Description">Plain text for buyers, at most 4000 characters; absent = stays, empty = none.</param>
/// <param name="Tiers">Prices by quantity, at most 10, quantities rising, prices never; absent = stay, an empty list = none.</param>
public sealed record ProductRequest(
    string? Why, string? Name, long? Price, int? MaxQuantity = null, string? Currency = null, HoldPolicy? Hold = null,
    int? HoldSeconds = null, int? WaitSeconds = null, bool? OnSale = null, ProductKind? Kind = null, int? Version = null,
    string? Approval = null, string? Category = null, string? Description = null, IReadOnlyList<PriceTier>? Tiers = null)
    : IAdminRequest;

/// <param name="OutsideWindow">It does not wait for a change window; takes an admin.</param>
public sealed record ApproveRequest(string? Why, bool? OutsideWindow = null, string? Approval = null) : IAdminRequest;
