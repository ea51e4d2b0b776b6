using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using CardShop.Local.Parts;
using CardShop.Shop.Orders;
using CardShop.Tests.Integration.Servers;
using Xunit;

namespace CardShop.Tests.Integration.Shop;

/// <summary>shopctl as operators run it, against a whole shop.</summary>
public sealed class When_a_statement_is_reconciled(TestServers servers)
{
    private const string Header =
        "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）," +
        "支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号," +
        "服务费（元）,分润（元）,备注";

    [Fact]
    public async Task Each_difference_becomes_a_case_once()
    {
        await using var shop = await RunningShop.StartAsync(servers);
        await shop.AddProductAsync("S", 10);
        var (same, other, lacking) = (await shop.PlaceAsync("S"), await shop.PlaceAsync("S"), await shop.PlaceAsync("S"));
        foreach (var order in new[] { same, other, lacking })
        {
            await shop.UntilAsync(order, "awaiting-payment");
            await shop.PayAsync(order);
            await shop.UntilAsync(order, "delivered");
        }

        var day = DateTimeOffset.UtcNow.ToOffset(TimeSpan.FromHours(8)).AddDays(-1).Date;
        var noon = new DateTimeOffset(day.AddHours(12), TimeSpan.FromHours(8)).UtcDateTime;
        await shop.CountAsync(string.Create(CultureInfo.InvariantCulture, $"""
            WITH moved AS (
                UPDATE shop.mt_doc_paymentsaga
                SET data = jsonb_set(data, {"'{payments,0,at}'"}, '"{noon:yyyy-MM-ddTHH:mm:ss.fffZ}"') RETURNING 1)
            SELECT count(*) FROM moved
            """));
        var unknown = OrderIds.ProviderNumber(OrderIds.Fresh('a', new byte[16]), 1);
        var file = Path.Combine(Path.GetDirectoryName(servers.NewFolder("statement"))!, "bill.csv");
        await File.WriteAllTextAsync(
            file,
            Bill(day, await RowAsync(shop, same, day, "10.00"), await RowAsync(shop, other, day, "9.99"), Row("t9", unknown, day, "10.00"),
                Row("t8", "20260305-7", day, "5.00"), "nothing that is a row"),
            CodePagesEncodingProvider.Instance.GetEncoding("GBK")!);

        // A line that cannot be used: what the statement lacks is not filed.
        var (code, first) = await ShopctlAsync(shop, "reconcile", file, "--json", "--dry-run");
        Assert.Equal(1, code);
        Assert.Equal(
            [
                ("matched", 1, 1_000), ("missing here", 1, 1_000), ("missing there", 1, 0), ("differing", 1, 999),
                ("not ours", 1, 500),
            ],
            Totals(first));
        Assert.Equal((2, 0), Cases(first));
        Assert.Equal(1, first.GetProperty("refusedLines").GetInt32());
        Assert.Equal(0, await CasesInShopAsync(shop));

        await File.WriteAllTextAsync(
            file,
            (await File.ReadAllTextAsync(file, CodePagesEncodingProvider.Instance.GetEncoding("GBK")!))
                .Replace("nothing that is a row\r\n", "", StringComparison.Ordinal));
        (code, var second) = await ShopctlAsync(shop, "reconcile", file, "--json");
        Assert.Equal((1, (3, 3)), (code, Cases(second)));
        Assert.Equal(3, await CasesInShopAsync(shop));
        Assert.Equal(1, await shop.CountAsync(
            $"SELECT count(*) FROM shop.mt_doc_paymentsaga WHERE id = '{unknown[..^2]}' AND data ->> 'status' = 'review'"));
        await Eventually.TrueAsync(
            async () => await shop.CountAsync("SELECT count(*) FROM shop.outbox") == 0, "what the cases send has left");

        // The money of the unknown order is on record now; the other two are known.
        (code, var third) = await ShopctlAsync(shop, "reconcile", file, "--json");
        Assert.Equal((1, (2, 0)), (code, Cases(third)));
        Assert.Equal(3, await CasesInShopAsync(shop));
        await Eventually.TrueAsync(
            async () => await shop.CountAsync(
                "SELECT count(*) FROM pg_stat_user_indexes WHERE idx_scan > 0 AND indexrelname IN ('mt_doc_paymentsaga_idx_paid', 'mt_doc_paymentsaga_idx_further')") == 2,
            "the period was read along its indexes");

        (code, _) = await ShopctlAsync(shop, "reconcile", file, "--json", "--channel", "wechat");
        Assert.Equal(2, code);
    }

    [Fact]
    public async Task While_orders_wait_in_the_log_nothing_is_filed()
    {
        await using var shop = await RunningShop.StartAsync(servers);
        await shop.AddProductAsync("S", 10);
        await shop.StopFleetsAsync();
        var order = await shop.PlaceAsync("S");
        var day = DateTimeOffset.UtcNow.ToOffset(TimeSpan.FromHours(8)).AddDays(-1).Date;
        var file = Path.Combine(Path.GetDirectoryName(servers.NewFolder("statement"))!, "bill.csv");
        await File.WriteAllTextAsync(file, Bill(day, Row("t1", OrderIds.ProviderNumber(order.Id, 1), day, "10.00")));

        var (code, report) = await ShopctlAsync(shop, "reconcile", file, "--json", "--wait-seconds", "0");

        Assert.Equal((1, (1, 0)), (code, Cases(report)));
        Assert.Contains("behind", report.GetProperty("cases").GetProperty("note").GetString(), StringComparison.Ordinal);
        Assert.Equal(0, await shop.CountAsync("SELECT count(*) FROM shop.mt_doc_paymentsaga"));
    }

    private static async Task<string> RowAsync(RunningShop shop, PlacedOrder order, DateTime day, string yuan)
    {
        await using var command = shop.Database.CreateCommand(
            "SELECT data #>> '{payments,0,tradeNo}', data #>> '{payments,0,number}' FROM shop.mt_doc_paymentsaga WHERE id = $1");
        command.Parameters.Add(new() { Value = order.Id });
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return Row(reader.GetString(0), reader.GetString(1), day, yuan);
    }

    private static string Row(string trade, string number, DateTime day, string yuan) =>
        $"{trade}\t,{number}\t,交易\t,卡密,{day:yyyy-MM-dd} 11:59:00,{day:yyyy-MM-dd} 12:00:00,\t,\t,\t,\t,*a(a***@example.org)\t,{yuan},{yuan}," +
        "0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00,\t,0.00,0.00,";

    private static string Bill(DateTime day, params string[] rows) => string.Join("\r\n", (IEnumerable<string>)
    [
        "#支付宝业务明细查询", $"#起始日期：[{day:yyyy年MM月dd日} 00:00:00]   终止日期：[{day.AddDays(1):yyyy年MM月dd日} 00:00:00]",
        "#------业务明细列表------", Header, .. rows, "#------业务明细列表结束------", "",
    ]);

    private static IEnumerable<(string What, int Count, int Statement)> Totals(JsonElement report) =>
        report.GetProperty("totals").EnumerateArray().Where(t => t.GetProperty("money").GetString() == "payment").Select(t => (
            t.GetProperty("what").GetString()!, t.GetProperty("count").GetInt32(), t.GetProperty("statement").GetInt32()));

    private static (int Needed, int Filed) Cases(JsonElement report) => (
        report.GetProperty("cases").GetProperty("needed").GetInt32(), report.GetProperty("cases").GetProperty("filed").GetInt32());

    private static Task<long> CasesInShopAsync(RunningShop shop) => shop.CountAsync(
        "SELECT count(*) FROM shop.mt_doc_paymentsaga, jsonb_path_query(data, '$.reviews[*]') r WHERE r ->> 'kind' LIKE 'statement-%'");

    private static async Task<(int Code, JsonElement Report)> ShopctlAsync(RunningShop shop, params string[] arguments)
    {
        var command = DotnetProgram.Command("CardShop.Shopctl", arguments);
        var start = new ProcessStartInfo(command.FileName, command.Arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in new[] { "Kafka:BootstrapServers", "RabbitMq:Uri", "Postgres:ConnectionString", "Secrets:Directory", "Region" })
        {
            start.Environment[name.Replace(":", "__", StringComparison.Ordinal)] = shop.Settings[name];
        }

        start.Environment["CARDSHOP_OPERATOR_KEY"] = Shopctl.KeyOf(Shopctl.First);
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        TestContext.Current.TestOutputHelper?.WriteLine(await errors + output);
        return (process.ExitCode, output.StartsWith('{') ? JsonDocument.Parse(output).RootElement : default);
    }
}
