using CardShop.Pipeline.Log;
using Npgsql;

namespace CardShop.Shopctl.Lag;

/// <summary>How far the fleets have come, as PostgreSQL knows it.</summary>
public static class ProgressTable
{
    private const string Sql = "SELECT grp, topic, partition, next_offset FROM shop.progress";

    public static async Task<IReadOnlyDictionary<(string Group, PartitionKey Partition), long>> ReadAsync(
        NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(Sql);
        return await ReadAsync(command, cancellation);
    }

    /// <summary>The same inside a connection's transaction.</summary>
    public static async Task<IReadOnlyDictionary<(string Group, PartitionKey Partition), long>> ReadAsync(
        NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(Sql, connection);
        return await ReadAsync(command, cancellation);
    }

    private static async Task<IReadOnlyDictionary<(string Group, PartitionKey Partition), long>> ReadAsync(
        NpgsqlCommand command, CancellationToken cancellation)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var progress = new Dictionary<(string Group, PartitionKey Partition), long>();
        while (await reader.ReadAsync(cancellation))
        {
            progress[(reader.GetString(0), new(reader.GetString(1), reader.GetInt32(2)))] = reader.GetInt64(3);
        }

        return progress;
    }
}
