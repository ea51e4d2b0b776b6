using Npgsql;

namespace CardShop.Pipeline.Documents;

/// <summary>
/// One process at a time: a session's advisory lock of PostgreSQL. It lives as long as the connection that took it, which is
/// this lock's alone; whoever dies lets go of it.
/// </summary>
public sealed class AdvisoryLock : IAsyncDisposable
{
    /// <summary>Letting go waits no longer for a server that hangs.</summary>
    private const int ReleaseSeconds = 2;

    private AdvisoryLock(NpgsqlConnection connection)
    {
        Connection = connection;
    }

    /// <summary>May be used for statements while the lock is held: where they succeed, the lock was held.</summary>
    public NpgsqlConnection Connection { get; }

    /// <returns>Null where another holds it.</returns>
    public static Task<AdvisoryLock?> TryTakeAsync(NpgsqlDataSource database, long id, CancellationToken cancellation) =>
        TryTakeAsync(database, new NpgsqlCommand("SELECT pg_try_advisory_lock($1)") { Parameters = { new() { Value = id } } }, cancellation);

    /// <param name="name">Any text: PostgreSQL makes the lock's number of it.</param>
    /// <returns>Null where another holds it.</returns>
    public static Task<AdvisoryLock?> TryTakeAsync(NpgsqlDataSource database, string name, CancellationToken cancellation) =>
        TryTakeAsync(
            database,
            new NpgsqlCommand("SELECT pg_try_advisory_lock(hashtextextended($1, 0))") { Parameters = { new() { Value = name } } },
            cancellation);

    public async ValueTask DisposeAsync()
    {
        // The connection goes back to its pool: the lock must not go with it.
        await using (Connection)
        {
            try
            {
                await using var release = new NpgsqlCommand("SELECT pg_advisory_unlock_all()", Connection) { CommandTimeout = ReleaseSeconds };
                await release.ExecuteNonQueryAsync(CancellationToken.None);
            }
            catch (Exception e) when (e is NpgsqlException or InvalidOperationException)
            {
                // The connection is gone, and the lock with it. Npgsql says so in two ways.
            }
        }
    }

    private static async Task<AdvisoryLock?> TryTakeAsync(
        NpgsqlDataSource database, NpgsqlCommand take, CancellationToken cancellation)
    {
        await using (take)
        {
            var connection = await database.OpenConnectionAsync(cancellation);
            try
            {
                take.Connection = connection;
                if (await take.ExecuteScalarAsync(cancellation) is true)
                {
                    return new(connection);
                }
            }
            catch
            {
                await connection.DisposeAsync();
                throw;
            }

            await connection.DisposeAsync();
            return null;
        }
    }
}
