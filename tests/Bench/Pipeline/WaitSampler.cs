using CardShop.Tests.Bench.Machine;

namespace CardShop.Tests.Bench.Pipeline;

/// <summary>
/// With <c>CARDSHOP_BENCH_WAITS=1</c>: what the fleets' sessions are doing or waiting for in PostgreSQL, sampled at every
/// look. It costs some of what is measured, so it is for finding out, not for figures.
/// </summary>
internal sealed class WaitSampler(ShopServers servers)
{
    private const int Shown = 16;

    private readonly bool _wanted = Environment.GetEnvironmentVariable("CARDSHOP_BENCH_WAITS") == "1";
    private readonly Dictionary<string, int> _seen = [];
    private int _samples;

    public async Task SampleAsync(CancellationToken cancellation)
    {
        if (!_wanted)
        {
            return;
        }

        _samples++;
        await using var command = servers.Database.CreateCommand(
            """
            SELECT CASE WHEN state LIKE 'idle in%' THEN 'in transaction, waits for the client, after'
                ELSE coalesce(wait_event_type || '/' || wait_event, 'runs') END
                || ': ' || left(regexp_replace(query, '\s+', ' ', 'g'), 70)
            FROM pg_stat_activity
            WHERE datname = 'cardshop' AND application_name <> 'bench' AND state <> 'idle'
            """);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            var what = reader.GetString(0);
            _seen[what] = _seen.GetValueOrDefault(what) + 1;
        }
    }

    /// <summary>Sessions on average, the most frequent first; empty when not wanted.</summary>
    public IEnumerable<string> Lines() => _seen.OrderByDescending(s => s.Value).Take(Shown)
        .Select(s => $"  {(double)s.Value / _samples:0.00} sessions: {s.Key}");
}
