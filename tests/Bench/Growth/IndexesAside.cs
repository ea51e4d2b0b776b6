using Npgsql;

namespace CardShop.Tests.Bench.Growth;

/// <summary>
/// The indexes of tables that are about to get a multiple of their rows: dropped before, made again after. Primary keys are
/// made as full as pages are on average that have split at random places.
/// </summary>
internal sealed class IndexesAside
{
    private readonly NpgsqlDataSource _database;
    private readonly List<(string Table, string Index, string Definition, string? Constraint, string? Rule)> _indexes;

    private IndexesAside(
        NpgsqlDataSource database, List<(string Table, string Index, string Definition, string? Constraint, string? Rule)> indexes) =>
        (_database, _indexes) = (database, indexes);

    /// <param name="tables">None: nothing happens.</param>
    public static async Task<IndexesAside> TakeAsync(
        NpgsqlDataSource database, IReadOnlyList<string> tables, CancellationToken cancellation)
    {
        var indexes = new List<(string, string, string, string?, string?)>();
        await using (var command = database.CreateCommand(
            """
            SELECT i.indrelid::regclass::text, i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid), c.conname,
                pg_get_constraintdef(c.oid)
            FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid
            WHERE i.indrelid = ANY($1::regclass[])
            """))
        {
            command.Parameters.Add(new() { Value = tables.ToArray(), NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Array | NpgsqlTypes.NpgsqlDbType.Text });
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                indexes.Add((
                    reader.GetString(0), reader.GetString(1), reader.GetString(2),
                    await reader.IsDBNullAsync(3, cancellation) ? null : reader.GetString(3),
                    await reader.IsDBNullAsync(4, cancellation) ? null : reader.GetString(4)));
            }
        }

        foreach (var (table, index, _, constraint, _) in indexes)
        {
            await using var drop = database.CreateCommand(
                constraint is null ? $"DROP INDEX {index}" : $"ALTER TABLE {table} DROP CONSTRAINT {constraint}");
            await drop.ExecuteNonQueryAsync(cancellation);
        }

        return new(database, indexes);
    }

    /// <summary>One table's after those of another, two tables at a time.</summary>
    public async Task RemakeAsync(CancellationToken cancellation)
    {
        await Parallel.ForEachAsync(
            _indexes.GroupBy(i => i.Table), new ParallelOptions { MaxDegreeOfParallelism = 2, CancellationToken = cancellation },
            async (table, stop) =>
            {
                await using var connection = await _database.OpenConnectionAsync(stop);
                await using var memory = new NpgsqlCommand(
                    "SET maintenance_work_mem = '1GB'; SET max_parallel_maintenance_workers = 0", connection);
                await memory.ExecuteNonQueryAsync(stop);
                foreach (var (_, _, definition, constraint, rule) in table)
                {
                    await using var make = new NpgsqlCommand(
                        constraint is null ? definition : $"ALTER TABLE {table.Key} ADD CONSTRAINT {constraint} {rule} WITH (fillfactor = 70)",
                        connection);
                    await make.ExecuteNonQueryAsync(stop);
                }
            });
    }
}
