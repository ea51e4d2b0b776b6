using System.Reflection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace CardShop.Pipeline.Documents;

/// <summary>Numbered SQL files, embedded in an assembly, each applied once and in order under an advisory lock.</summary>
public static class Migrations
{
    private const long LockId = 0x63617264_6d696772;

    /// <returns>The names of the files that were applied now.</returns>
    public static async Task<IReadOnlyList<string>> ApplyAsync(
        NpgsqlDataSource database, Assembly assembly, ILogger logger, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await ExecuteAsync(connection, $"SELECT pg_advisory_lock({LockId})", cancellation);
        try
        {
            await ExecuteAsync(
                connection,
                $"""
                CREATE SCHEMA IF NOT EXISTS {Database.Schema};
                CREATE TABLE IF NOT EXISTS {Database.Schema}.migrations
                    (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());
                """,
                cancellation);
            var applied = await AppliedAsync(connection, cancellation);
            var now = new List<string>();
            foreach (var name in Files(assembly))
            {
                if (!applied.Contains(name))
                {
                    await ApplyOneAsync(connection, assembly, name, cancellation);
                    PipelineLog.Migrated(logger, name);
                    now.Add(name);
                }
            }

            return now;
        }
        finally
        {
            await ExecuteAsync(connection, $"SELECT pg_advisory_unlock({LockId})", CancellationToken.None);
        }
    }

    /// <returns>The files that are still to be applied; all of them where there is no table of the applied ones.</returns>
    public static async Task<IReadOnlyList<string>> PendingAsync(
        NpgsqlDataSource database, Assembly assembly, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        HashSet<string> applied;
        try
        {
            applied = await AppliedAsync(connection, cancellation);
        }
        catch (PostgresException e) when (
            e.SqlState is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName)
        {
            applied = [];
        }

        return [.. Files(assembly).Where(n => !applied.Contains(n))];
    }

    private static IEnumerable<string> Files(Assembly assembly) => assembly.GetManifestResourceNames()
        .Where(n => n.EndsWith(".sql", StringComparison.Ordinal)).Order(StringComparer.Ordinal);

    private static async Task ApplyOneAsync(
        NpgsqlConnection connection, Assembly assembly, string name, CancellationToken cancellation)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
        var sql = await reader.ReadToEndAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await ExecuteAsync(connection, sql, cancellation);
        await using var note = new NpgsqlCommand("INSERT INTO shop.migrations (name) VALUES ($1)", connection, transaction)
        {
            Parameters = { new() { Value = name } },
        };
        await note.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
    }

    private static async Task<HashSet<string>> AppliedAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("SELECT name FROM shop.migrations", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var names = new HashSet<string>();
        while (await reader.ReadAsync(cancellation))
        {
            names.Add(reader.GetString(0));
        }

        return names;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
#pragma warning disable CA2100 // The text is a constant of this program or one of its embedded files.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        command.CommandTimeout = 300;
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
