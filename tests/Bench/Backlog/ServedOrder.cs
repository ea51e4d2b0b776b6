using System.Globalization;
using CardShop.Tests.Bench.Machine;
using NpgsqlTypes;

namespace CardShop.Tests.Bench.Backlog;

/// <summary>In which order orders were served, beside the order in which they were accepted.</summary>
/// <param name="OvertakenP99">How many later orders of its product were delivered before an order, 99 of 100 orders below it.</param>
/// <param name="Overtaken">Orders that were overtaken at all.</param>
/// <param name="LinkP99">From the reservation, when a buyer's place is gone, to the link.</param>
internal sealed record ServedOrder(int Overtaken, int OvertakenP99, int OvertakenMost, TimeSpan LinkP99, TimeSpan LinkMost)
{
    private const int AtOnce = 20_000;

    /// <summary>
    /// Per product from the documents: reservations must have the order of acceptance, since who comes first is served first
    /// while stock lasts; deliveries come after two queues in which many are under way at once.
    /// </summary>
    /// <exception cref="BenchFailedException">An order was reserved after a later one of its product.</exception>
    public static async Task<ServedOrder> ReadAsync(ShopServers servers, QueuedOrders orders, CancellationToken cancellation)
    {
        var served = await ReadAllAsync(servers, orders.Ids, cancellation);
        var overtaken = new List<int>(orders.Ids.Count);
        foreach (var product in orders.Ids.Zip(orders.Skus).GroupBy(o => o.Second, o => served[o.First]))
        {
            Served[] inOrder = [.. product];
            for (var i = 1; i < inOrder.Length; i++)
            {
                if (inOrder[i].Reserved < inOrder[i - 1].Reserved)
                {
                    throw new BenchFailedException($"An order of {product.Key} was reserved before an earlier one.");
                }
            }

            overtaken.AddRange(Overtakers(inOrder));
        }

        overtaken.Sort();
        TimeSpan[] links = [.. served.Values.Select(s => s.Linked - s.Reserved).Order()];
        return new(
            overtaken.Count(o => o > 0), overtaken[(overtaken.Count - 1) * 99 / 100], overtaken[^1],
            links[(links.Length - 1) * 99 / 100], links[^1]);
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"reserved in the order of acceptance; {Overtaken} overtaken before delivery, p99 by {OvertakenP99}, at most by {OvertakenMost} of their product; from reservation to link p99 {LinkP99.TotalSeconds:0.0} s, at most {LinkMost.TotalSeconds:0.0} s");

    /// <summary>Of each order how many later ones came in an earlier batch.</summary>
    private static IEnumerable<int> Overtakers(Served[] inOrder)
    {
        var later = new List<long>(inOrder.Length);
        for (var i = inOrder.Length - 1; i >= 0; i--)
        {
            var batch = inOrder[i].Batch;
            var at = later.BinarySearch(batch);
            at = at < 0 ? ~at : at;
            while (at > 0 && later[at - 1] == batch)
            {
                at--;
            }

            yield return at;
            later.Insert(at, batch);
        }
    }

    private static async Task<Dictionary<string, Served>> ReadAllAsync(
        ShopServers servers, IReadOnlyList<string> ids, CancellationToken cancellation)
    {
        var served = new Dictionary<string, Served>(ids.Count);
        foreach (var chunk in ids.Chunk(AtOnce))
        {
            await using var command = servers.Database.CreateCommand(
                """
                SELECT p.id, (p.data #>> '{attempts,0,openedAt}')::timestamptz, (p.data #>> '{payments,0,at}')::timestamptz, d.outbox
                FROM shop.mt_doc_paymentsaga p JOIN shop.mt_doc_deliverysaga d ON d.id = p.id WHERE p.id = ANY($1)
                """);
            command.Parameters.Add(new() { Value = chunk, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Varchar });
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                served[reader.GetString(0)] = new(
                    await reader.GetFieldValueAsync<DateTimeOffset>(1, cancellation),
                    await reader.GetFieldValueAsync<DateTimeOffset>(2, cancellation), reader.GetInt64(3));
            }
        }

        return served;
    }

    /// <param name="Linked">When the provider opened its trade; it was paid in that moment.</param>
    /// <param name="Batch">The outbox row of its delivery: rows are numbered in the order of their batches.</param>
    private readonly record struct Served(DateTimeOffset Reserved, DateTimeOffset Linked, long Batch);
}
