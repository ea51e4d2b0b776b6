using System.Globalization;
using System.Text;
using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop.Faults;
using Xunit;

namespace CardShop.Tests.Integration.Shop;

public sealed class When_providers_err_in_every_way(TestServers servers)
{
    private static readonly TimeSpan SettleWithin = TimeSpan.FromSeconds(75);

    /// <summary>
    /// Short waits, so that all of it passes in a minute, but time enough for a call on a busy machine: a fault that nobody
    /// hears is none. And breakers that never open: each row is to meet its own fault and not another's. Breakers have
    /// tests of their own.
    /// </summary>
    private static readonly Dictionary<string, string> Settings = new()
    {
        ["Payments:CheckEverySeconds"] = "2",
        ["Payments:ResendAfterSeconds"] = "5",
        ["Payments:Resilience:CallTimeout"] = "00:00:02",
        ["Payments:Resilience:MinimumCalls"] = "10000",
        ["Sandbox:NotifyWorkers"] = "64",
    };

    [Fact]
    public async Task Every_order_ends_as_designed_and_every_fen_is_delivered_refunded_or_in_review()
    {
        await using var shop = await RunningShop.StartAsync(servers, Settings);
        var rows = FaultTable.Rows;
        await FaultRun.AddProductsAsync(shop, rows.Count);
        await using var board = new OrderBoard(shop);
        var sandbox = new SandboxControl(shop);
        var played = await new FaultRun(shop, board, sandbox).PlayAsync(rows);
        await Task.WhenAll(played.Select(row => SettleAsync(shop, board, row)));

        var books = await sandbox.BooksAsync();
        var report = new StringBuilder();
        var faults = new List<string>();
        var sum = default(MoneyAccount);
        Write(report, ["channel", "fault", "at", "when", "the buyer", "expected", "final", "received", "delivered", "refunded", "review"]);
        foreach (var row in played)
        {
            var state = board.Find(row.OrderId);
            var account = MoneyAccount.Of(state, books.GetValueOrDefault(row.OrderId));
            var final = await FinalAsync(shop, row);
            var problem = row.Failure
                ?? (row.Expected.Contains(final) ? null : $"ended {final}")
                ?? (state is { IsQuiet: true } ? null : $"something is left to do at {state?.Payment.Due:O}")
                ?? account.Fault(row.Lie);
            sum += account;
            Write(
                report,
                [
                    .. row.Title, string.Join('/', row.Expected), final, Fen(account.Received), Fen(account.Delivered),
                    Fen(account.Refunded), Fen(account.InReview), problem is null ? string.Empty : "WRONG: " + problem,
                ]);
            if (problem is not null)
            {
                faults.Add($"{string.Join(", ", row.Title)} ({row.OrderId}): {problem}");
            }
        }

        var lies = played.Sum(r => r.Lie);
        Write(report, [
            "all", $"{played.Count} orders", "", "", "", "", "", Fen(sum.Received), Fen(sum.Delivered), Fen(sum.Refunded),
            Fen(sum.InReview), $"claimed beyond what was received: {lies}",
        ]);
        var (code, audit) = await ShopAudit.RunAsync(shop);
        report.AppendJoin('\n', audit).AppendLine();
        TestReport.Save("fault-table.txt", report.ToString());

        Assert.Empty(faults);
        Assert.Equal(sum.Received + lies, sum.Delivered + sum.Refunded + sum.InReview);
        Assert.Equal(sum.Returned, sum.Refunded);
        Assert.True(code == 0, string.Join('\n', audit));
    }

    /// <summary>Waits for the row's end; where it does not come, the table says what there is instead.</summary>
    private static async Task SettleAsync(RunningShop shop, OrderBoard board, PlayedRow row)
    {
        try
        {
            await board.UntilAsync(row.OrderId, o => o.IsQuiet, "is settled", SettleWithin);
            await Eventually.TrueAsync(
                async () => row.Expected.Contains(await FinalAsync(shop, row)), "it ends as expected", TimeSpan.FromSeconds(10));
        }
        catch (TimeoutException)
        {
            // The row is shown as wrong.
        }
    }

    private static async Task<string> FinalAsync(RunningShop shop, PlayedRow row)
    {
        var (_, view) = await shop.ShowAsync(new(row.OrderId, row.Token));
        return view.TryGetProperty("status", out var status) ? status.ToString() : "not shown";
    }

    private static string Fen(long fen) => fen.ToString(CultureInfo.InvariantCulture);

    private static void Write(StringBuilder report, IReadOnlyList<string> cells)
    {
        ReadOnlySpan<int> widths = [9, 44, 22, 7, 42, 10, 10, 9, 10, 9, 9];
        for (var i = 0; i < cells.Count; i++)
        {
            report.Append(i < widths.Length ? cells[i].PadRight(widths[i]) : cells[i]);
        }

        report.Append('\n');
    }
}
