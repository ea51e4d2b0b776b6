using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Local.Parts;
using CardShop.Shopctl.Settings;
using CardShop.Tests.Integration.Servers;
using Xunit;

namespace CardShop.Tests.Integration.Shop;

/// <summary>
/// <c>shopctl replay</c> beside running fleets. How many orders there are: CARDSHOP_TEST_REPLAY_ORDERS (300); the full size is
/// 20000; from 5000 on a replay is killed and resumed as well.
/// </summary>
public sealed class When_a_topic_is_replayed(TestServers servers)
{
    private const string Sku = "REPLAY";

    private static readonly int Orders =
        int.TryParse(Environment.GetEnvironmentVariable("CARDSHOP_TEST_REPLAY_ORDERS"), CultureInfo.InvariantCulture, out var n) ? n : 300;

    /// <summary>Orders of which a replay is long enough to be killed on its way.</summary>
    private const int LongEnough = 5_000;

    private static readonly Dictionary<string, string> Settings = new() { ["Sandbox:AutoPay"] = "true" };

    [Fact]
    public async Task What_was_done_changes_nothing_and_what_was_missed_is_made_up_for()
    {
        await using var shop = await RunningShop.StartAsync(servers, Settings);
        await shop.AddProductAsync(Sku, keys: Orders + 10, maxQuantity: 5);
        await PlaceAsync(shop, Orders);
        await DeliveredAsync(shop, Orders);

        var before = await StateAsync(shop);
        var whole = await ReplayAsync(shop, "whole", "--from", "0", "--to", "end", "--rate", "100000");
        Assert.Equal((Orders, Orders, 0, 0), (whole.Records, whole.Done, whole.Changed, whole.Refused));
        Assert.Equal(before, await StateAsync(shop));
        await AssertNothingLeftAsync(shop);
        TestReport.Save(
            "replay.txt",
            string.Create(
                CultureInfo.InvariantCulture,
                $"replay of {Topics.Orders.Name}: {whole.Records} records, already done {whole.Done}, repaired {whole.Changed}, {whole.PerSecond:N0} records/s"));

        if (Orders >= LongEnough)
        {
            await KilledAsync(shop);
            Assert.Equal(before, await StateAsync(shop));
            await AssertNothingLeftAsync(shop);
        }

        var missed = await MissedAsync(shop);
        var dry = await ReplayAsync(shop, "dry", "--from", "0", "--to", "end", "--order", missed.Id, "--dry-run");
        Assert.Equal((1, 0), (dry.Changed, dry.Refused));
        Assert.Equal(0, await shop.CountAsync($"SELECT count(*) FROM shop.mt_doc_paymentsaga WHERE id = '{missed.Id}'"));

        var repair = await ReplayAsync(shop, "repair", "--from", "0", "--to", "end", "--sku", Sku);
        Assert.Equal((Orders + 1, Orders, 1), (repair.Records, repair.Done, repair.Changed));
        Assert.Equal([missed.Id], repair.Ids);
        await shop.UntilAsync(missed, "delivered");
        await AssertNothingLeftAsync(shop);

        Assert.Equal(2, await Shopctl.RunAsync(shop, "replay", Topics.SagaFacts.Name, "--from", "0"));
        Assert.Equal(2, await Shopctl.RunAsync(shop, "replay", Topics.Orders.Name, "--from", "yesterday"));
    }

    /// <summary>A replay in a process of its own, killed on its way, goes on where its last transaction left it.</summary>
    private async Task KilledAsync(RunningShop shop)
    {
        string[] arguments = ["replay", Topics.Orders.Name, "--from", "0", "--to", "end", "--rate", "2000", "--why", "a test"];
        Assert.Equal(5, await Shopctl.RunAsAsync(shop, Shopctl.First, arguments));
        var approval = await Shopctl.LastApprovalAsync(shop);
        Assert.Equal(0, await Shopctl.RunAsAsync(shop, "bob", "approvals", "approve", approval));
        var command = DotnetProgram.Command("CardShop.Shopctl", [.. arguments, "--approval", approval]);
        var start = new ProcessStartInfo(command.FileName, command.Arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (var (name, value) in shop.Settings)
        {
            start.Environment[name.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        start.Environment[ShopctlSettings.OperatorKeyName] = Shopctl.KeyOf(Shopctl.First);
        using (var process = Process.Start(start)!)
        {
            process.BeginErrorReadLine();
            process.BeginOutputReadLine();
            await Eventually.TrueAsync(
                async () => await PositionAsync(shop) > 2_000, () => "the replay is on its way");
            process.Kill();
            await process.WaitForExitAsync();
        }

        Assert.InRange(await PositionAsync(shop), 2_000, Orders - 1);
        string id;
        await using (var found = shop.Database.CreateCommand("SELECT id FROM shop.replays"))
        {
            id = (string)(await found.ExecuteScalarAsync())!;
        }

        var file = NewReport("resumed");
        Assert.Equal(
            0,
            await Shopctl.RunAsAsync(
                shop, Shopctl.First, "replay", "--resume", id, "--rate", "100000", "--why", "a test", "--approval", approval, "--json", file));
        var report = await ReadAsync(file);
        Assert.Equal((Orders, Orders, 0), (report.Records, report.Done, report.Changed));
    }

    private static Task<long> PositionAsync(RunningShop shop) =>
        shop.CountAsync("SELECT COALESCE(sum(next_offset), 0) FROM shop.progress WHERE grp LIKE '%-replay-%'");

    /// <summary>An order whose record the fleet has behind it without having processed it.</summary>
    private static async Task<PlacedOrder> MissedAsync(RunningShop shop)
    {
        await shop.StopFleetsAsync();
        var missed = await shop.PlaceAsync(Sku);
        Assert.Equal(
            1,
            await shop.CountAsync(
                $"""
                WITH m AS (
                    UPDATE shop.progress SET next_offset = next_offset + 1
                    WHERE grp = 'orders' AND partition = {Topics.Orders.PartitionOf(Sku).Text()} RETURNING 1)
                SELECT count(*) FROM m
                """));
        shop.StartFleets();
        return missed;
    }

    private static async Task PlaceAsync(RunningShop shop, int count)
    {
        var watch = Stopwatch.StartNew();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = 16 },
            async (i, _) => await shop.PlaceAsync(Sku, contact: $"buyer{i.Text()}@example.org"));
        TestContext.Current.TestOutputHelper?.WriteLine($"{count.Text()} orders in {watch.Elapsed}");
    }

    private static Task DeliveredAsync(RunningShop shop, int count) => Eventually.TrueAsync(
        async () => await shop.CountAsync("SELECT sold FROM shop.stock WHERE sku = 'REPLAY'") == count
            && await shop.CountAsync("SELECT count(*) FROM shop.outbox") == 0,
        $"{count.Text()} orders are delivered", TimeSpan.FromMinutes(8));

    /// <summary>Everything that a replay could move.</summary>
    private static async Task<(long, long, long, long, long)> StateAsync(RunningShop shop) => (
        await shop.CountAsync("SELECT sum(mt_version) FROM shop.mt_doc_paymentsaga"),
        await shop.CountAsync("SELECT sum(mt_version) FROM shop.mt_doc_deliverysaga"),
        await shop.CountAsync("SELECT available * 1000000 + reserved * 1000 + sold FROM shop.stock WHERE sku = 'REPLAY'"),
        (await shop.Log.EndsAsync([Topics.SagaFacts, Topics.Deliveries, Topics.DeadLetters], default)).Values.Sum(),
        await shop.CountAsync("SELECT sum(next_offset) FROM shop.progress WHERE grp LIKE 'orders%'"));

    private static async Task AssertNothingLeftAsync(RunningShop shop)
    {
        Assert.Equal(0, await shop.CountAsync("SELECT count(*) FROM shop.replays"));
        Assert.Equal(0, await shop.CountAsync("SELECT count(*) FROM shop.progress WHERE grp LIKE '%-replay-%'"));
    }

    private async Task<Report> ReplayAsync(RunningShop shop, string name, params string[] arguments)
    {
        var file = NewReport(name);
        Assert.Equal(
            0, await Shopctl.RunAsync(shop, ["replay", Topics.Orders.Name, .. arguments, "--why", "a test", "--json", file]));
        return await ReadAsync(file);
    }

    private string NewReport(string name)
    {
        var file = Path.Combine(servers.NewFolder(name), "report.json");
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        return file;
    }

    private static async Task<Report> ReadAsync(string file)
    {
        using var json = JsonDocument.Parse(await File.ReadAllTextAsync(file));
        var root = json.RootElement;
        return new(
            root.GetProperty("records").GetInt32(), root.GetProperty("alreadyDone").GetInt32(), root.GetProperty("changed").GetInt32(),
            root.GetProperty("refused").GetInt32(),
            root.TryGetProperty("recordsPerSecond", out var rate) ? rate.GetDouble() : 0,
            [.. root.GetProperty("changedIds").EnumerateArray().Select(e => e.GetString()!)]);
    }

    private sealed record Report(int Records, int Done, int Changed, int Refused, double PerSecond, IReadOnlyList<string> Ids);
}
