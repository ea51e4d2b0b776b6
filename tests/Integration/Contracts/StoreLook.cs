namespace CardShop.Tests.Contracts;

/// <summary>What a store's tables hold, as far as its contract looks at it.</summary>
/// <param name="Keys">Status as <c>unsold</c>, <c>sold</c> or <c>void</c>.</param>
/// <param name="Duplicates">Per batch of keys the places of those that were known.</param>
/// <param name="Voids">Per void how many keys it named and how many became void.</param>
/// <param name="Stock">Of the one product.</param>
public sealed record StoreLook(
    IReadOnlyList<KeyLook> Keys, IReadOnlyDictionary<string, int[]> Duplicates,
    IReadOnlyDictionary<string, (int Asked, int Voided)> Voids, IReadOnlyCollection<(long Outbox, string? OrderId)> Parked,
    long OutboxRows, StockLook Stock);

public readonly record struct KeyLook(Guid Id, string Status, string? OrderId);

public readonly record struct StockLook(long Imported, long Available, long Reserved, long Held, long Sold, long Void);
