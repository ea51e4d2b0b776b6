using CardShop.Sandbox.Books;

namespace CardShop.Sandbox.Faults;

/// <summary>A trade as a provider tells of it while something is wrong: the lies that are the same for all.</summary>
public static class ToldTrade
{
    /// <summary>The truth, unless the fault is about the amount or the number.</summary>
    /// <param name="other">The number that a mixed-up trade is told under; null for the newest other trade's.</param>
    public static SandboxTrade Of(SandboxTrade trade, FaultKind? fault, SandboxBooks books, string? other = null) => fault switch
    {
        FaultKind.WrongAmount => trade with { Order = trade.Order with { AmountMinor = trade.AmountMinor + 1 } },
        FaultKind.OtherOrder => trade with
        {
            Order = trade.Order with { Number = other ?? books.AnotherNumber(trade) ?? Neighbour(trade.Number) },
        },
        null or FaultKind.Delay or FaultKind.DropBefore or FaultKind.DropAfter or FaultKind.Status
            or FaultKind.TimeoutBefore or FaultKind.TimeoutAfter or FaultKind.ForgedSignature
            or FaultKind.DuplicateNotify or FaultKind.ReorderNotify or FaultKind.LateSuccess
            or FaultKind.UnknownState => trade,
        _ => throw new ArgumentOutOfRangeException(nameof(fault)),
    };

    /// <summary>A number of the same form that is not this one.</summary>
    private static string Neighbour(string number) => number[..^1] + (number[^1] == '9' ? '8' : '9');
}
