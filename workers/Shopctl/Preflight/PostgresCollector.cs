using System.Security.Cryptography;
using CardShop.Shop.Store;
using CardShop.Shopctl.Servers;
using Npgsql;

namespace CardShop.Shopctl.Preflight;

/// <summary>Asks PostgreSQL. The one thing that is created is rolled back.</summary>
internal static class PostgresCollector
{
    private const string Settings =
        """
        SELECT current_setting('server_version_num')::int, current_setting('server_version'), pg_is_in_recovery(),
               current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit'),
               current_setting('synchronous_standby_names'), current_setting('max_connections')::int,
               current_setting('superuser_reserved_connections')::int, current_setting('wal_level'),
               current_setting('archive_mode'), current_setting('server_encoding'),
               to_regnamespace('shop') IS NOT NULL, to_regclass('shop.migrations') IS NOT NULL,
               pg_has_role(current_user, 'pg_monitor', 'member'),
               (SELECT count(*)::int FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')),
               (SELECT setting FROM pg_settings WHERE name = 'archive_command'),
               (SELECT setting FROM pg_settings WHERE name = 'data_directory')
        """;

    /// <returns>The facts, the skew of its clock, and its data folder where this user may see it.</returns>
    public static async Task<(PostgresFacts Facts, ClockFacts Clock, string? DataDirectory)> AskAsync(
        ShopServers servers, CancellationToken cancellation)
    {
        await servers.RequireDatabaseAsync(cancellation);
        var pool = new NpgsqlConnectionStringBuilder(servers.Settings.Postgres).MaxPoolSize;
        await using var connection = await servers.Database.OpenConnectionAsync(cancellation);
        var clock = await ClockAsync(connection, servers.Time, cancellation);
        await using var command = new NpgsqlCommand(Settings, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        var sees = reader.GetBoolean(14);
        var hasMigrations = reader.GetBoolean(13);
        var facts = new PostgresFacts(
            reader.GetInt32(0), reader.GetString(1), reader.GetBoolean(2), reader.GetString(3), reader.GetString(4),
            reader.GetString(5), reader.GetString(6), sees ? reader.GetInt32(15) : null, reader.GetInt32(7),
            reader.GetInt32(8), reader.GetString(9), reader.GetString(10),
            await reader.IsDBNullAsync(16, cancellation) ? null : reader.GetString(16) is not ("" or "(disabled)"),
            reader.GetString(11), reader.GetBoolean(12), null, [], pool);
        var data = await reader.IsDBNullAsync(17, cancellation) ? null : reader.GetString(17);
        await reader.DisposeAsync();
        return (
            facts with
            {
                RightsRefusal = facts.InRecovery ? null : await TryCreateAsync(connection, facts.SchemaThere, cancellation),
                PendingMigrations = await PendingAsync(connection, hasMigrations, cancellation),
            },
            clock, data);
    }

    private static async Task<ClockFacts> ClockAsync(
        NpgsqlConnection connection, TimeProvider time, CancellationToken cancellation)
    {
        var before = time.GetUtcNow();
        await using var command = new NpgsqlCommand("SELECT clock_timestamp()", connection);
        var there = (DateTime)(await command.ExecuteScalarAsync(cancellation))!;
        var half = (time.GetUtcNow() - before) / 2;
        return new("PostgreSQL", new DateTimeOffset(there.ToUniversalTime()) - (before + half), half);
    }

    private static async Task<string?> TryCreateAsync(
        NpgsqlConnection connection, bool schemaThere, CancellationToken cancellation)
    {
        // A name of its own: two of these at once would wait for each other.
        var table = "shop.preflight_" + RandomNumberGenerator.GetHexString(12, lowercase: true);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        try
        {
            await using var command = new NpgsqlCommand(
                (schemaThere ? string.Empty : "CREATE SCHEMA shop;") +
                $"CREATE TABLE {table} (n integer); INSERT INTO {table} VALUES (1); CREATE INDEX ON {table} (n);",
                connection, transaction);
            await command.ExecuteNonQueryAsync(cancellation);
            return null;
        }
        catch (PostgresException e)
        {
            return e.MessageText;
        }
        finally
        {
            await transaction.RollbackAsync(CancellationToken.None);
        }
    }

    private static async Task<IReadOnlyList<string>> PendingAsync(
        NpgsqlConnection connection, bool hasMigrations, CancellationToken cancellation)
    {
        var pending = typeof(ShopWork).Assembly.GetManifestResourceNames()
            .Where(n => n.EndsWith(".sql", StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList();
        if (hasMigrations)
        {
            await using var command = new NpgsqlCommand("SELECT name FROM shop.migrations", connection);
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                pending.Remove(reader.GetString(0));
            }
        }

        return [.. pending.Select(n => n.Split('.') is [.., var name, "sql"] ? name : n)];
    }
}
