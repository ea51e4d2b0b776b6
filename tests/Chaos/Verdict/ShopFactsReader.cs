using System.Text.Json;
using CardShop.Contracts;
using CardShop.Shop.Orders;
using CardShop.Tests.Chaos.Shop;
using Npgsql;

namespace CardShop.Tests.Chaos.Verdict;

/// <summary>Reads what the shop's documents and the provider's books say in the end.</summary>
public static class ShopFactsReader
{
    private const int PageSize = 1_000;

    /// <summary>The documents of all orders, by id.</summary>
    public static async Task<Dictionary<string, OrderDocuments>> DocumentsAsync(ChaosShop shop, CancellationToken cancellation)
    {
        await using var database = Open(shop);
        await using var command = database.CreateCommand(
            "SELECT p.id, p.data ->> 'status', d.data FROM shop.mt_doc_paymentsaga p LEFT JOIN shop.mt_doc_deliverysaga d ON d.id = p.id");
        command.CommandTimeout = 0;
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var found = new Dictionary<string, OrderDocuments>();
        while (await reader.ReadAsync(cancellation))
        {
            var delivery = await reader.IsDBNullAsync(2, cancellation)
                ? null
                : JsonSerializer.Deserialize(await reader.GetFieldValueAsync<byte[]>(2, cancellation), ContractsJson.Default.DeliverySaga);
            found[reader.GetString(0)] = new(StatusOf(reader.GetString(1)), delivery?.Status, delivery?.Keys ?? []);
        }

        return found;
    }

    /// <summary>Orders that still change by themselves, rows of the outbox, and commands parked.</summary>
    public static async Task<(long Orders, long Outbox, long Parked)> UnfinishedAsync(ChaosShop shop, CancellationToken cancellation)
    {
        await using var database = Open(shop);
        await using var command = database.CreateCommand(
            """
            SELECT (SELECT count(*) FROM shop.mt_doc_paymentsaga p LEFT JOIN shop.mt_doc_deliverysaga d ON d.id = p.id
                    WHERE p.data ->> 'status' IN ('reserved', 'awaiting-payment', 'refunding')
                       OR (p.data ->> 'status' = 'paid' AND coalesce(d.data ->> 'status', '') NOT IN ('delivered', 'failed', 'review'))),
                   (SELECT count(*) FROM shop.outbox), (SELECT count(*) FROM shop.parked)
            """);
        command.CommandTimeout = 0;
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        return (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2));
    }

    /// <summary>The number of the last commit that published something: it rises as long as anybody works.</summary>
    public static async Task<long> CommitAsync(ChaosShop shop, CancellationToken cancellation)
    {
        await using var database = Open(shop);
        await using var command = database.CreateCommand("SELECT n FROM shop.commit_no");
        return Convert.ToInt64(await command.ExecuteScalarAsync(cancellation), System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>The provider's books, by order id.</summary>
    public static async Task<Dictionary<string, BookedMoney>> BooksAsync(ChaosShop shop, CancellationToken cancellation)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(60) };
        var books = new Dictionary<string, BookedMoney>();
        for (var skip = 0; ; skip += PageSize)
        {
            var text = await http.GetStringAsync(new Uri(shop.Sandbox, $"/control/trades?skip={skip}&limit={PageSize}"), cancellation);
            using var json = JsonDocument.Parse(text);
            var trades = json.RootElement.GetProperty("trades");
            foreach (var trade in trades.EnumerateArray())
            {
                var order = OrderIds.OfProviderNumber(trade.GetProperty("number").GetString()!)!;
                var isPaid = trade.TryGetProperty("paidAt", out var at) && at.ValueKind == JsonValueKind.String;
                var had = books.GetValueOrDefault(order);
                books[order] = new(
                    had.Received + (isPaid ? trade.GetProperty("amountMinor").GetInt64() : 0),
                    had.Returned + trade.GetProperty("refundedMinor").GetInt64());
            }

            if (trades.GetArrayLength() < PageSize)
            {
                return books;
            }
        }
    }

    private static NpgsqlDataSource Open(ChaosShop shop) =>
        CardShop.Pipeline.Documents.Database.Open(shop.Settings["Postgres__ConnectionString"], "chaos", mostConnections: 2);

    private static PaymentStatus StatusOf(string text) =>
        Enum.Parse<PaymentStatus>(text.Replace("-", "", StringComparison.Ordinal), ignoreCase: true);
}
