using CardShop.Contracts;
using CardShop.Pipeline.Log;
using Npgsql;

namespace CardShop.Shop.Housekeeping;

/// <summary>Deletes what was over long ago from the tables that <see cref="TableCare"/> lists, a bounded part at a time.</summary>
public sealed class CleanUp(NpgsqlDataSource database, ILogRanges ranges, HousekeepingOptions options, TimeProvider time)
{
    private const int AtOnce = 5_000;

    /// <returns>How many rows went, by table; tables of which none went are left out.</returns>
    public async Task<IReadOnlyDictionary<string, int>> RunAsync(CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        DateTimeOffset? oldestImport = null;
        var gone = new Dictionary<string, int>();
        foreach (var table in TableCare.All.Where(t => t.Clean is not null))
        {
            var before = now - TimeSpan.FromDays(table.Keeping == Keeping.Imports ? options.KeepImportsDays : options.KeepFailuresDays);
            if (table.Keeping == Keeping.Imports)
            {
                oldestImport ??= await OldestImportAsync(now, cancellation);
                before = before < oldestImport ? before : oldestImport.Value;
            }

#pragma warning disable CA2100 // The text is a constant of the list.
            await using var command = database.CreateCommand(table.Clean!);
#pragma warning restore CA2100
            command.Parameters.Add(new() { Value = before.ToUniversalTime() });
            command.Parameters.Add(new() { Value = AtOnce });
            if (await command.ExecuteNonQueryAsync(cancellation) is > 0 and var rows)
            {
                gone[table.Table] = rows;
            }
        }

        return gone;
    }

    /// <summary>When the oldest import that the log still holds was written; now where it holds none.</summary>
    private async Task<DateTimeOffset> OldestImportAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        var oldest = now;
        foreach (var (partition, (first, next)) in await ranges.BoundsAsync(Topics.KeyBatches, cancellation))
        {
            if (next > first)
            {
                var records = await ranges.ReadAsync(
                    new Dictionary<PartitionKey, long> { [partition] = first }, 1, TimeSpan.FromSeconds(10), cancellation);
                oldest = records.Select(r => r.Timestamp).Append(oldest).Min();
            }
        }

        return oldest;
    }
}
