namespace CardShop.Tests.Contracts;

/// <summary>What the store's tests ask it.</summary>
public abstract partial class StoreContract
{
    private async Task<IReadOnlyList<long>> WaitsAsync(string id)
    {
        await using var transaction = await _store.BeginAsync(Stop);
        return (await LoadAsync(transaction, id)).Waits;
    }
}
