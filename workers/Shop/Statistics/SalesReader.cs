using System.Data;
using Npgsql;

namespace CardShop.Shop.Statistics;

/// <summary>Reads reports; counts what nobody has counted yet, as far as a reader may be kept waiting.</summary>
/// <param name="budget">How long counting may take; what is left over is named in the report.</param>
public sealed class SalesReader(NpgsqlDataSource database, RollUp rollUp, TimeSpan budget)
{
    /// <summary>Rows of days, products and channels that a report is made of.</summary>
    public const int MostRows = 100_000;

    /// <summary>Days that are to come are left out.</summary>
    /// <returns>Null where the range holds more than <see cref="MostRows"/>: ask for fewer days.</returns>
    public async Task<SalesReport?> ReadAsync(DateOnly from, DateOnly to, CancellationToken cancellation)
    {
        var last = to < rollUp.Today ? to : rollUp.Today;
        try
        {
            await rollUp.KeepAsync(from, last, budget, budget, cancellation);
        }
        catch (NpgsqlException e) when (e.InnerException is TimeoutException)
        {
            // A day of very many orders is the slow tick's; what was counted last is shown until then.
        }

        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellation);
        var rolled = await RollUp.RolledAsync(connection, from, last, cancellation);
        var rows = await RowsAsync(connection, from, last, cancellation);
        return rows.Count > MostRows
            ? null
            : SalesSums.Report(
                [.. rows.Where(r => rolled.ContainsKey(r.Day))],
                [.. Range(from, last).Where(d => !rolled.ContainsKey(d))], rollUp.Days.Zone);
    }

    private static IEnumerable<DateOnly> Range(DateOnly from, DateOnly to)
    {
        for (var day = from; day <= to; day = day.AddDays(1))
        {
            yield return day;
        }
    }

    private static async Task<List<SalesRow>> RowsAsync(
        NpgsqlConnection connection, DateOnly from, DateOnly to, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            SELECT day, sku, channel, sum(placed)::bigint, sum(opened)::bigint, sum(paid)::bigint, sum(delivered)::bigint,
                sum(expired)::bigint, sum(refused)::bigint, sum(sold_out)::bigint, sum(cancelled)::bigint, sum(refunded)::bigint,
                sum(revenue)::bigint, sum(refunded_amount)::bigint, sum(timed)::bigint, sum(delivery_ms)::bigint
            FROM shop.statistics WHERE day BETWEEN $1 AND $2 GROUP BY day, sku, channel LIMIT $3
            """,
            connection)
        {
            Parameters = { new() { Value = from }, new() { Value = to }, new() { Value = MostRows + 1 } },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var rows = new List<SalesRow>();
        while (await reader.ReadAsync(cancellation))
        {
            rows.Add(Read(reader));
        }

        return rows;
    }

    private static SalesRow Read(NpgsqlDataReader row)
    {
        long At(int column) => row.GetInt64(column);
        return new(
            row.GetFieldValue<DateOnly>(0), row.GetString(1), row.GetString(2),
            new(At(3), At(4), At(5), At(6), At(7), At(8), At(9), At(10), At(11), At(12), At(13), At(14), At(15)));
    }
}
