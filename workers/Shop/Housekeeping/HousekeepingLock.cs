using Npgsql;

namespace CardShop.Shop.Housekeeping;

/// <summary>One at a time keeps house: an advisory lock that lives as long as its connection.</summary>
public sealed class HousekeepingLock : IAsyncDisposable
{
    private const long LockId = 0x63617264_686f7573;

    private readonly NpgsqlConnection _connection;

    private HousekeepingLock(NpgsqlConnection connection)
    {
        _connection = connection;
    }

    /// <returns>Null where another holds it.</returns>
    public static async Task<HousekeepingLock?> TryTakeAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        var connection = await database.OpenConnectionAsync(cancellation);
        await using var command = new NpgsqlCommand($"SELECT pg_try_advisory_lock({LockId})", connection);
        if (await command.ExecuteScalarAsync(cancellation) is true)
        {
            return new(connection);
        }

        await connection.DisposeAsync();
        return null;
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await using var command = new NpgsqlCommand($"SELECT pg_advisory_unlock({LockId})", _connection);
            await command.ExecuteNonQueryAsync();
        }
        catch (NpgsqlException)
        {
            // The server is gone, and the lock with it.
        }

        await _connection.DisposeAsync();
    }
}
