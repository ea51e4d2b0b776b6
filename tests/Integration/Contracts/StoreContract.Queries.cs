namespace CardShop.Tests.Integration.Contracts;

/// <summary>What the store's tests ask the database.</summary>
public sealed partial class StoreContract
{
    private async Task<IReadOnlyList<long>> WaitsAsync(string id)
    {
        await using var transaction = await _store.BeginAsync(Stop);
        return (await LoadAsync(transaction, id)).Waits;
    }

    private async Task<long> CountAsync(string what)
    {
        await using var command = _database.CreateCommand("SELECT count(*) FROM " + what);
        return (long)(await command.ExecuteScalarAsync(Stop))!;
    }

    private Task WaitForLockAsync() => Eventually.TrueAsync(
        async () => await CountAsync("pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()") > 0,
        "the second load waits for the first");
}
