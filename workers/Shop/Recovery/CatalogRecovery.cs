using System.Text;
using System.Text.Json;
using CardShop.Shop.Store;
using Npgsql;
using NpgsqlTypes;

namespace CardShop.Shop.Recovery;

/// <summary>Products and partners as their compacted topics have them, where those are newer than the database.</summary>
internal sealed class CatalogRecovery(NpgsqlDataSource database, RangeSweep sweep, string region, RecoveryReport report)
{
    private const int Page = 1_000;

    public async Task RunAsync(RecoveryPlan plan, Action<double, string> progress, CancellationToken cancellation)
    {
        await TakeAsync(Published.Products, plan, progress, cancellation);
        await TakeAsync(Published.Partners, plan, progress, cancellation);
        await using var stock = database.CreateCommand(
            "INSERT INTO shop.stock (sku, region) SELECT id, $1 FROM shop.mt_doc_product ON CONFLICT DO NOTHING");
        stock.Parameters.Add(new() { Value = region });
        await stock.ExecuteNonQueryAsync(cancellation);
    }

    private async Task TakeAsync<T>(
        Published<T> kind, RecoveryPlan plan, Action<double, string> progress, CancellationToken cancellation)
        where T : class
    {
        await foreach (var records in sweep.ReadAsync(plan.Of(kind.Topic), Page, cancellation))
        {
            // The last of a key is its newest.
            var newest = new Dictionary<string, (T Document, string Json)>();
            foreach (var record in records)
            {
                if (record.Value is { } body && Read(body, kind) is { } document)
                {
                    newest[kind.KeyOf(document)] = (document, Encoding.UTF8.GetString(body));
                }
                else if (record.Value is not null)
                {
                    report.Unreadable++;
                }
            }

            report.CatalogRows += await PutAsync(kind, newest, cancellation);
            progress(1, $"{report.CatalogRows} rows");
        }
    }

    private async Task<int> PutAsync<T>(
        Published<T> kind, Dictionary<string, (T Document, string Json)> documents, CancellationToken cancellation)
    {
        var table = "shop.mt_doc_" + kind.Type;
        await using var command = database.CreateCommand(
            $"""
            INSERT INTO {table} AS d (id, data, mt_dotnet_type, mt_version, published)
            SELECT id, data, '{typeof(T).FullName}', version, version FROM unnest($1, $2, $3) AS t(id, data, version)
            ON CONFLICT (id) DO UPDATE
            SET data = excluded.data, mt_version = excluded.mt_version, published = excluded.published,
                mt_last_modified = transaction_timestamp()
            WHERE d.mt_version < excluded.mt_version
            """);
        command.Parameters.Add(new()
        {
            Value = documents.Keys.ToArray(),
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar,
        });
        command.Parameters.Add(new()
        {
            Value = documents.Values.Select(d => d.Json).ToArray(),
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Jsonb,
        });
        command.Parameters.Add(new() { Value = documents.Values.Select(d => kind.VersionOf(d.Document)).ToArray() });
        return await command.ExecuteNonQueryAsync(cancellation);
    }

    private static T? Read<T>(byte[] body, Published<T> kind)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(body, kind.Json);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
