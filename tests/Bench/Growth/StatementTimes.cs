using System.Globalization;
using CardShop.Tests.Bench.Machine;

namespace CardShop.Tests.Bench.Growth;

/// <summary>
/// With <c>CARDSHOP_BENCH_STATEMENTS=1</c>: which statements took PostgreSQL's time in a round. It costs some of what is
/// measured, so it is for finding out, not for figures.
/// </summary>
internal sealed class StatementTimes
{
    private const int Shown = 12;

    private readonly BenchRun _run;
    private readonly ShopServers _servers;
    private readonly bool _wanted = Environment.GetEnvironmentVariable("CARDSHOP_BENCH_STATEMENTS") == "1";

    private StatementTimes(BenchRun run, ShopServers servers) => (_run, _servers) = (run, servers);

    /// <summary>Restarts PostgreSQL where it has to load the extension.</summary>
    public static async Task<StatementTimes> BeginAsync(BenchRun run, ShopServers servers, CancellationToken cancellation)
    {
        var times = new StatementTimes(run, servers);
        if (times._wanted)
        {
            await servers.ExecuteAsync("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'", cancellation);
            await servers.Postgres.RestartAsync(cancellation);
            servers.Database.Clear();
            await servers.ExecuteAsync("CREATE EXTENSION pg_stat_statements SCHEMA public", cancellation);
        }

        return times;
    }

    public async Task ResetAsync(CancellationToken cancellation)
    {
        if (_wanted)
        {
            await _servers.ExecuteAsync("SELECT public.pg_stat_statements_reset()", cancellation);
        }
    }

    public async Task SayAsync(int orders, CancellationToken cancellation)
    {
        if (!_wanted)
        {
            return;
        }

        await using var command = _servers.Database.CreateCommand(
            """
            SELECT total_exec_time, calls, rows, wal_fpi, wal_bytes::bigint, shared_blks_hit + shared_blks_read, shared_blks_read,
                left(regexp_replace(query, '\s+', ' ', 'g'), 110)
            FROM public.pg_stat_statements ORDER BY total_exec_time DESC LIMIT $1
            """);
        command.Parameters.Add(new() { Value = Shown });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            _run.Say(string.Create(
                CultureInfo.InvariantCulture,
                $"  {reader.GetDouble(0) * 1000 / orders,6:0.0} us/order, {reader.GetInt64(1)} calls, {reader.GetInt64(2)} rows, {reader.GetInt64(3)} full pages, {reader.GetInt64(4) >> 10} KiB of WAL, ")
                + string.Create(
                    CultureInfo.InvariantCulture,
                    $"{(double)reader.GetInt64(5) / orders:0.0} pages/order ({(double)reader.GetInt64(6) / orders:0.00} read): {reader.GetString(7)}"));
        }
    }
}
