using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Shop.Orders;
using CardShop.Shop.Store;
using CardShop.Tests.Chaos.Machine;
using Spectre.Console;

namespace CardShop.Tests.Chaos.Drills.Regions;

/// <summary>
/// Region a is lost under load. Region b, which mirrors it, takes new orders at once and keeps what comes for a's orders; then
/// a's backup is restored in b's site and recovered from the copies. What a had done and nobody copied is compared at the end with
/// a's own log, which the drill, unlike an operator, still has.
/// </summary>
internal sealed class RegionDrill : IAsyncDisposable
{
    private const string Sku = "DRILL-A";
    private const string OtherSku = "DRILL-B";
    private const int Keys = 3_000;
    private const int Moved = 200;
    private const int Rate = 12;
    private static readonly TimeSpan Part = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan Cut = TimeSpan.FromSeconds(1.5);

    private readonly List<DrillFigure> _figures = [];
    private readonly long _began = Stopwatch.GetTimestamp();
    private readonly TcpProxy _doorA = new(0, 0, TimeProvider.System);
    private readonly TcpProxy _doorB = new(0, 0, TimeProvider.System);
    private readonly RegionServers _servers;
    private readonly RegionSite _sandbox;
    private readonly RegionSite _a;
    private readonly RegionSite _b;
    private readonly RegionBuyers _buyersA;
    private readonly RegionBuyers _buyersB;
    private RegionSite? _taken;

    private RegionDrill(RegionServers servers)
    {
        _servers = servers;
        _sandbox = new("sandbox", servers.Logs, servers.SandboxSettings);
        _a = new("a", servers.Logs, servers.Settings("a", servers.LogA, servers.DatabaseA, "a", _doorA.Address, _sandbox.Api));
        _b = new("b", servers.Logs, servers.Settings("b", servers.LogB, servers.DatabaseB, "b", _doorB.Address, _sandbox.Api));
        _a.Settings["Regions__b__BootstrapServers"] = servers.LogB.BootstrapServers;
        _b.Settings["Mirror__BootstrapServers"] = servers.LogA.BootstrapServers;
        _b.Settings["Mirror__Alias"] = "a";
        (_buyersA, _buyersB) = (new(_sandbox.Api), new(_sandbox.Api));
        _doorA.LeadTo(_a.Api.Port);
        _doorB.LeadTo(_b.Api.Port);
    }

    public static async Task<IReadOnlyList<DrillFigure>> RunAsync(CancellationToken cancel)
    {
        await using var servers = await RegionServers.StartAsync(cancel);
        await using var drill = new RegionDrill(servers);
        await drill.OpenAsync(cancel);
        await drill.SellAsync(cancel);
        var lostAt = await drill.LoseAsync(cancel);
        await drill.KeepAsync(cancel);
        await drill.TakeOverAsync(lostAt, cancel);
        await drill.JudgeAsync(cancel);
        return drill._figures;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var site in new[] { _taken, _b, _a, _sandbox }.OfType<RegionSite>())
        {
            await site.DisposeAsync();
        }

        await _doorA.DisposeAsync();
        await _doorB.DisposeAsync();
        _buyersA.Dispose();
        _buyersB.Dispose();
    }

    /// <summary>Both regions, their goods, and the mirror.</summary>
    private async Task OpenAsync(CancellationToken cancel)
    {
        Say("two regions, a mirror of a in b");
        await _sandbox.StartAsync("sandbox", _sandbox.Api, "CardShop.Sandbox", cancel);
        foreach (var site in new[] { _a, _b })
        {
            await site.ShopctlAsync("migrate", "--wait-seconds", "30");
            await site.StartShopAsync(cancel);
        }

        await _b.StartAsync("mirror", null, "CardShop.Fleet", cancel, "--fleet", "mirror");
        await StockAsync(_a, Sku);
        await StockAsync(_b, OtherSku);
        await _b.ShopctlAsync("product", "add", Sku, "--name", "Card", "--price", "1000", "--home", "a");
        var (refused, _) = await _b.TryShopctlAsync("keys", "import", Sku, _servers.File(Sku + ".txt"));
        Figure("import of a's product in b", refused == 1 ? "refused" : $"exit code {refused}", "refused", refused == 1);
        var from = Stopwatch.GetTimestamp();
        await _a.ShopctlAsync("stock", "transfer", Sku, "--to", "b", "--quantity", Number(Moved), "--why", "b sells it too");
        await UntilAsync(
            async () => await _b.CountAsync($"SELECT coalesce(sum(available), 0)::bigint FROM shop.stock WHERE sku = '{Sku}'", cancel) == Moved,
            "the moved keys are for sale in b", cancel);
        Figure($"{Moved} keys from a for sale in b", Seconds(from), "30 s", Stopwatch.GetElapsedTime(from).TotalSeconds < 30);

        async Task StockAsync(RegionSite site, string sku)
        {
            await site.ShopctlAsync("product", "add", sku, "--name", "Card", "--price", "1000");
            await File.WriteAllLinesAsync(
                _servers.File(sku + ".txt"), Enumerable.Range(0, Keys).Select(i => $"{sku}-{Number(i)}-drill"), cancel);
            await site.ShopctlAsync("keys", "import", sku, _servers.File(sku + ".txt"));
        }
    }

    /// <summary>Load on a, with a backup in its middle.</summary>
    private async Task SellAsync(CancellationToken cancel)
    {
        Say($"load on a, {Rate} orders a second; a backup of a");
        await LoadAsync(_buyersA, _a, Sku, Part, cancel);
        await _servers.BackUpAsync(cancel);
    }

    /// <summary>The way between the regions is cut, and a moment later everything of a dies at once.</summary>
    /// <returns>When nothing of a was left.</returns>
    private async Task<DateTimeOffset> LoseAsync(CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var buying = _buyersA.RunAsync(_a.Api, Sku, Rate, stop.Token);
        await Task.Delay(Part, cancel);
        Say("the way to b is cut; a is lost");
        await _b.KillAsync("mirror");
        await Task.Delay(Cut, cancel);
        var died = Stopwatch.GetTimestamp();
        await Task.WhenAll(_a.KillAsync(), _servers.LogA.KillAsync(), _servers.DatabaseA.KillAsync());
        var lostAt = DateTimeOffset.UtcNow;
        await stop.CancelAsync();
        _doorA.LeadTo(_b.Api.Port);
        RegionOrder? first = null;
        while (first is null && Stopwatch.GetElapsedTime(died) < TimeSpan.FromSeconds(30))
        {
            first = await _buyersB.PlaceAsync(_b.Api, OtherSku, cancel);
        }

        Figure("first new order in b after the loss", Seconds(died), "5 s", first is not null && Stopwatch.GetElapsedTime(died).TotalSeconds < 5);
        await buying;
        return lostAt;
    }

    /// <summary>b goes on by itself, and keeps what comes for a's orders.</summary>
    private async Task KeepAsync(CancellationToken cancel)
    {
        Say("load on b; buyers of a pay");
        var from = Stopwatch.GetTimestamp();
        var late = _buyersA.Orders.Where(o => o is { IsPaid: false, Number: not null }).ToList();
        var load = LoadAsync(_buyersB, _b, OtherSku, Part, cancel);
        foreach (var order in late)
        {
            await _buyersA.PayAsync(order, cancel);
        }

        await UntilAsync(
            async () => await _b.CountAsync(
                "SELECT coalesce(sum(records), 0)::bigint FROM shop.foreign_inputs WHERE region = 'a'", cancel) >= late.Count,
            "notifications for a's orders are kept", cancel);
        Figure("notifications for a's orders kept by b", $"{late.Count} in {Seconds(from)}", $"{late.Count}", late.Count > 0);
        await load;
        var processed = await _b.CountAsync("SELECT count(*) FROM shop.mt_doc_paymentsaga WHERE id LIKE 'a%'", cancel);
        Figure("a's orders that b processed", Number(processed), "0", processed == 0);
        await DeliveredAsync(_b, _buyersB, "b's orders of that time, delivered", cancel);
    }

    /// <summary>a's backup in b's site, recovered from the copies.</summary>
    private async Task TakeOverAsync(DateTimeOffset lostAt, CancellationToken cancel)
    {
        Say("takeover: restore, migrate, recover");
        var from = Stopwatch.GetTimestamp();
        var restored = await _servers.RestoreAsync(cancel);
        _taken = new(
            "a-at-b", _servers.Logs, _servers.Settings("a", _servers.LogB, restored, "a-at-b", _doorA.Address, _sandbox.Api));
        _taken.Settings["Kafka__TopicPrefix"] = "a.";
        await _taken.ShopctlAsync("migrate", "--wait-seconds", "30");
        await _taken.StartShopAsync(cancel);
        var waiting = await _taken.CountAsync("SELECT count(*) FROM shop.progress WHERE topic LIKE 'shop.%'", cancel);
        var (blind, _) = await _taken.TryShopctlAsync("recover", "--yes", "--why", "without saying when it was lost");
        Figure("its fleets before recover", blind == 2 && waiting > 0 ? "fenced" : $"exit code {blind}", "fenced", blind == 2);
        var recovering = Stopwatch.GetTimestamp();
        var said = await _taken.ShopctlAsync(
            "recover", "--take-over-lost-at", lostAt.ToString("O", CultureInfo.InvariantCulture), "--yes", "--why", "region a is lost and fenced");
        AnsiConsole.Write(new Text(said));
        Figure("recover from the copies", Seconds(recovering), "120 s", Stopwatch.GetElapsedTime(recovering).TotalSeconds < 120);
        _doorA.LeadTo(_taken.Api.Port);
        Figure("restore, migrate and recover", Seconds(from), "300 s", Stopwatch.GetElapsedTime(from).TotalSeconds < 300);
    }

    private async Task JudgeAsync(CancellationToken cancel)
    {
        Say("judging");
        var taken = _taken!;
        var copied = (await taken.RecordsAsync(Topics.Orders, cancel)).Select(r => OrderMessages.OrderOf(OrderMessages.Decode(r)))
            .OfType<string>().ToHashSet();
        var all = _buyersA.Orders.ToList();
        var reached = all.Where(o => copied.Contains(o.Id)).ToList();
        var paid = reached.Where(o => o.IsPaid).Select(o => o.Id).ToHashSet();
        await UntilAsync(
            async () => paid.IsSubsetOf(await SettledAsync(cancel)), "every paid order that was copied is delivered or in review", cancel, fails: false);
        var settled = await SettledAsync(cancel);
        Figure("paid orders of a that were copied: delivered or in review", $"{paid.Count(settled.Contains)} of {paid.Count}", "all", paid.IsSubsetOf(settled));
        var sagas = await taken.IdsAsync("SELECT id FROM shop.mt_doc_paymentsaga", cancel);
        Figure("orders of a that were copied: known", $"{reached.Count(o => sagas.Contains(o.Id))} of {reached.Count}", "all", reached.All(o => sagas.Contains(o.Id)));
        Figure("orders of a that were not copied (the lag)", $"{all.Count - reached.Count}: {string.Join(' ', all.Where(o => !copied.Contains(o.Id)).Take(3).Select(o => o.Id))} …", "listed", true);
        var review = await taken.IdsAsync(
            "SELECT id FROM shop.mt_doc_paymentsaga WHERE " + ReviewQueries.IsOpen, cancel);
        Figure("orders in review", Number(review.Count), "listed", true);
        Figure("keys set aside", Number(await taken.CountAsync(
            "SELECT coalesce(sum(voided), 0)::bigint FROM shop.key_voids WHERE id LIKE 'lost%'", cancel)), "as many as the lag could have issued", true);
        await JudgeKeysAsync(cancel);
        foreach (var (site, name) in new[] { (taken, "a, in b's site"), (_b, "b") })
        {
            var (code, output) = await site.TryShopctlAsync("audit", "--grace-seconds", "30");
            Figure($"shopctl audit of {name}", code == 0 ? "clean" : output.ReplaceLineEndings(" "), "clean", code == 0);
        }
    }

    /// <summary>Every delivery that any log knows: a's own, with what nobody copied; the copies with what came after; b's.</summary>
    private async Task JudgeKeysAsync(CancellationToken cancel)
    {
        await _servers.LogA.StartAsync(cancel);
        var events = new List<LogIncoming>();
        foreach (var site in new[] { _a, _taken!, _b })
        {
            events.AddRange(await site.RecordsAsync(Topics.Deliveries, cancel));
        }

        var sales = events.Where(e => e.Type == MessageTypes.OrderDelivered)
            .Select(e => JsonSerializer.Deserialize(e.Value!, ContractsJson.Default.OrderDelivered)!)
            .SelectMany(d => d.KeyIds.Select(k => (Key: k, d.OrderId))).Distinct().ToList();
        var twice = sales.GroupBy(s => s.Key).Count(g => g.Count() > 1);
        Figure($"keys issued twice, of {sales.Count} sold in both regions", Number(twice), "0", twice == 0);
        var more = sales.GroupBy(s => s.OrderId).Count(g => g.Count() > 1);
        Figure("orders that got two keys for one", Number(more), "0", more == 0);
    }

    private async Task<HashSet<string>> SettledAsync(CancellationToken cancel) => await _taken!.IdsAsync(
        $$"""
        SELECT p.id FROM shop.mt_doc_paymentsaga p LEFT JOIN shop.mt_doc_deliverysaga d ON d.id = p.id
        WHERE d.data ->> 'status' = 'delivered' OR {{ReviewQueries.IsOpenIn("p")}}
        """,
        cancel);

    private async Task DeliveredAsync(RegionSite site, RegionBuyers buyers, string what, CancellationToken cancel)
    {
        var paid = buyers.Orders.Where(o => o.IsPaid).Select(o => o.Id).ToHashSet();
        HashSet<string> delivered = [];
        await UntilAsync(
            async () => paid.IsSubsetOf(delivered = await site.IdsAsync(
                "SELECT id FROM shop.mt_doc_deliverysaga WHERE data ->> 'status' = 'delivered'", cancel)),
            what, cancel, fails: false);
        Figure(what, $"{paid.Count(delivered.Contains)} of {paid.Count}", "all", paid.Count > 0 && paid.IsSubsetOf(delivered));
    }

    private static async Task LoadAsync(RegionBuyers buyers, RegionSite site, string sku, TimeSpan length, CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        stop.CancelAfter(length);
        await buyers.RunAsync(site.Api, sku, Rate, stop.Token);
    }

    /// <param name="fails">False: the figure that follows says whether it came about.</param>
    private static async Task UntilAsync(Func<Task<bool>> holds, string what, CancellationToken cancel, bool fails = true)
    {
        var from = Stopwatch.GetTimestamp();
        while (!await holds())
        {
            if (Stopwatch.GetElapsedTime(from) > TimeSpan.FromSeconds(90))
            {
                if (fails)
                {
                    throw new ChaosFailedException($"within 90 s it did not come about that {what}");
                }

                return;
            }

            await Task.Delay(200, cancel);
        }
    }

    private void Say(string text) => AnsiConsole.WriteLine(string.Create(
        CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(_began).TotalSeconds,6:0.0} s  {text}"));

    private void Figure(string what, string measured, string asked, bool holds) => _figures.Add(new(what, measured, asked, holds));

    private static string Seconds(long from) => string.Create(
        CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(from).TotalSeconds:0.00} s");

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
