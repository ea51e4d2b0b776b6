using System.Diagnostics;
using System.Globalization;
using CardShop.Contracts;
using CardShop.Shop.Catalog;
using CardShop.Shop.Keys;
using CardShop.Tests.Bench.Machine;
using Npgsql;

namespace CardShop.Tests.Bench.Keys;

/// <summary>
/// How fast a file of a million keys comes into stock: shopctl reads, seals and sends it, the delivery fleet loads it; from
/// the start of shopctl to its end. The raw limit is one COPY of the same rows, sealed before the clock starts, into a table
/// with the same columns and indexes. Then the same file again. Peak memory of both processes.
/// </summary>
internal static class KeysBench
{
    private const int Keys = 1_000_000;
    private const int WarmKeys = 100_000;
    private const int Rounds = 3;
    private const double MaxMegabytes = 300;

    public static async Task<IReadOnlyList<BenchResult>> RunAsync(BenchRun run, CancellationToken cancellation)
    {
        await using var servers = await ShopServers.StartAsync(run, cancellation);
        var raw = await RawAsync(run, servers, cancellation);

        var fleet = await run.StartAsync(
            () => WebServer.Create("CardShop.Fleet", ["--fleet", "delivery"], servers.Settings, run.NewFolder("fleet")),
            cancellation);
        var folder = Path.GetDirectoryName(run.NewFolder("files"))!;
        await ImportAsync(run, servers, "WARM", WarmKeys, folder, cancellation);
        await servers.ExecuteAsync("CHECKPOINT", cancellation);
        var first = await ImportAsync(run, servers, "KEYS", Keys, folder, cancellation);
        await CheckAsync(servers, "KEYS", cancellation);
        var again = await ShopctlRun.RunAsync(servers, cancellation, Arguments("KEYS", folder));
        await CheckAsync(servers, "KEYS", cancellation);
        Require(again.Output, "duplicates of stock", Keys);
        Require(again.Output, "imported", 0);
        var peak = ShopctlRun.PeakOf(fleet.ProcessId);
        run.Note(Text($"the same file again: {again.Time.TotalSeconds:0.0} s, 0 new, {Keys} duplicates"));
        run.Note(Text(
            $"peak memory: shopctl {first.PeakMegabytes:0} MB, again {again.PeakMegabytes:0} MB; delivery fleet {peak:0} MB"));
        if (Math.Max(peak, Math.Max(first.PeakMegabytes, again.PeakMegabytes)) > MaxMegabytes)
        {
            throw new BenchFailedException(Text($"An import took more than {MaxMegabytes} MB."));
        }

        return
        [
            BenchResult.Of("keys.import", Keys / first.Time.TotalSeconds, "keys/s", raw),
            BenchResult.Of("keys.again", Keys / again.Time.TotalSeconds, "keys/s", raw),
            BenchResult.Of("keys.memory.shopctl", first.PeakMegabytes, "MB", 0),
            BenchResult.Of("keys.memory.fleet", peak, "MB", 0),
        ];
    }

    private static async Task<ShopctlRun> ImportAsync(
        BenchRun run, ShopServers servers, string sku, int keys, string folder, CancellationToken cancellation)
    {
        await CatalogStore.PutAsync(
            servers.Database, new(sku, "Card " + sku, 1_000, "CNY", 10, true, HoldPolicy.Order, 900, 0, 0), "a", cancellation);
        await using (var file = new StreamWriter(Path.Combine(folder, sku + ".csv")))
        {
            await file.WriteLineAsync("number,secret");
            for (var i = 0; i < keys; i++)
            {
                var (number, secret) = KeyOf(sku, i);
                await file.WriteLineAsync($"{number},{secret}");
            }
        }

        var imported = await ShopctlRun.RunAsync(servers, cancellation, Arguments(sku, folder));
        Require(imported.Output, "imported", keys);
        run.Note(Text(
            $"{sku}: {keys} keys in {imported.Time.TotalSeconds:0.0} s, {keys / imported.Time.TotalSeconds:0} keys/s"));
        return imported;
    }

    private static string[] Arguments(string sku, string folder) =>
        ["keys", "import", sku, Path.Combine(folder, sku + ".csv"), "--format", "csv"];

    private static PlainKey KeyOf(string sku, int i) => new($"CN{i:0000000000}", $"{sku}-{i:00000000}-ABCD-EFGH-JKLM");

    /// <summary>Keys per second of one COPY; the median of some rounds, each into an emptied table.</summary>
    private static async Task<double> RawAsync(BenchRun run, ShopServers servers, CancellationToken cancellation)
    {
        run.Say(Text($"raw PostgreSQL limit: one COPY of {Keys} sealed keys; sealing them first"));
        var rows = new SealedKey[Keys];
        for (var i = 0; i < Keys; i++)
        {
            rows[i] = servers.Vault.Seal("KEYS", KeyOf("KEYS", i));
        }

        await servers.ExecuteAsync("CREATE TABLE shop.raw_keys (LIKE shop.card_keys INCLUDING ALL)", cancellation);
        await servers.ExecuteAsync("CREATE TABLE shop.bare_keys (LIKE shop.card_keys)", cancellation);
        run.Say(Text($"without indexes: {await CopyAsync(servers, "bare_keys", rows, cancellation):0} keys/s"));
        var rates = new List<double>();
        for (var round = 0; round < Rounds; round++)
        {
            rates.Add(await CopyAsync(servers, "raw_keys", rows, cancellation));
            run.Say(Text($"raw: {rates[^1]:0} keys/s"));
        }

        await servers.ExecuteAsync("DROP TABLE shop.raw_keys, shop.bare_keys", cancellation);
        return rates.Order().ElementAt(Rounds / 2);
    }

    private static async Task<double> CopyAsync(
        ShopServers servers, string table, SealedKey[] rows, CancellationToken cancellation)
    {
        await servers.ExecuteAsync($"TRUNCATE shop.{table}", cancellation);
        await servers.ExecuteAsync("CHECKPOINT", cancellation);
        await using var connection = await servers.Database.OpenConnectionAsync(cancellation);
        var from = Stopwatch.GetTimestamp();
        await using (var copy = await connection.BeginBinaryImportAsync(
            $"COPY shop.{table} (id, sku, region, status, version, batch, kek, sealed) FROM STDIN (FORMAT BINARY)", cancellation))
        {
            for (var i = 0; i < rows.Length; i++)
            {
                await copy.StartRowAsync(cancellation);
                await copy.WriteAsync(rows[i].Id, cancellation);
                await copy.WriteAsync("KEYS", cancellation);
                await copy.WriteAsync("a", cancellation);
                await copy.WriteAsync("unsold", cancellation);
                await copy.WriteAsync(0, cancellation);
                await copy.WriteAsync($"0123456789abcdef-{i / 1000:D6}-0123456789ab", cancellation);
                await copy.WriteAsync(servers.Vault.Current, cancellation);
                await copy.WriteAsync(rows[i].Sealed, cancellation);
            }

            await copy.CompleteAsync(cancellation);
        }

        return rows.Length / Stopwatch.GetElapsedTime(from).TotalSeconds;
    }

    /// <summary>Every key of the file is in stock, once.</summary>
    private static async Task CheckAsync(ShopServers servers, string sku, CancellationToken cancellation)
    {
        await using var command = servers.Database.CreateCommand(
            """
            SELECT (SELECT count(*) FROM shop.card_keys WHERE sku = $1 AND region = 'a' AND status = 'unsold')
                = $2 AND (SELECT imported FROM shop.stock WHERE sku = $1 AND region = 'a') = $2
            """);
        command.CommandTimeout = 120;
        command.Parameters.Add(new NpgsqlParameter { Value = sku });
        command.Parameters.Add(new NpgsqlParameter { Value = (long)Keys });
        if (await command.ExecuteScalarAsync(cancellation) is not true)
        {
            throw new BenchFailedException("Not every key of the file is in stock exactly once.");
        }
    }

    /// <summary>A line of shopctl's table says this number.</summary>
    private static void Require(string output, string what, long count)
    {
        var line = output.Split('\n').FirstOrDefault(l => l.StartsWith("│ " + what + ' ', StringComparison.Ordinal));
        var number = string.Concat(line?.Where(char.IsAsciiDigit) ?? []);
        if (!long.TryParse(number, CultureInfo.InvariantCulture, out var said) || said != count)
        {
            throw new BenchFailedException(Text($"shopctl does not say '{what} {count}' but: {line}"));
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
