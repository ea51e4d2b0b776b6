using System.Globalization;
using CardShop.Tests.Bench.Machine;

namespace CardShop.Tests.Bench.Growth;

/// <summary>
/// What PostgreSQL did, in figures that do not depend on how busy the machine is. What checks and polls of the bench do is
/// in it, too.
/// </summary>
/// <param name="Pages">Of tables and indexes of the shop, in memory or not.</param>
/// <param name="WalBytes">Of the server.</param>
/// <param name="WalPages">Pages that were written whole: those changed for the first time since a checkpoint.</param>
internal sealed record DatabaseWork(double Pages, double PagesRead, double WalBytes, double WalPages)
{
    public static async Task<DatabaseWork> ReadAsync(ShopServers servers, CancellationToken cancellation)
    {
        await using var command = servers.Database.CreateCommand(
            """
            SELECT (d.blks_hit + d.blks_read)::float8, d.blks_read::float8, w.wal_bytes::float8, w.wal_fpi::float8
            FROM pg_stat_database d CROSS JOIN pg_stat_wal w WHERE d.datname = current_database()
            """);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        return new(reader.GetDouble(0), reader.GetDouble(1), reader.GetDouble(2), reader.GetDouble(3));
    }

    public DatabaseWork Since(DatabaseWork before, int orders) => new(
        (Pages - before.Pages) / orders, (PagesRead - before.PagesRead) / orders, (WalBytes - before.WalBytes) / orders,
        (WalPages - before.WalPages) / orders);

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Pages:0} pages/order ({PagesRead:0.00} not in PostgreSQL's memory), WAL {WalBytes:N0} bytes/order with {WalPages:0.00} whole pages");
}
