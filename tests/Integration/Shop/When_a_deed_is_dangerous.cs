using CardShop.Contracts;
using CardShop.Shop.Operators;
using CardShop.Shopctl.Keys;
using CardShop.Shopctl.Settings;
using CardShop.Tests.Integration.Keys;
using CardShop.Tests.Integration.Servers;
using Xunit;

namespace CardShop.Tests.Integration.Shop;

public sealed class When_a_deed_is_dangerous(TestServers servers)
{
    private const string Viewer = "vic";
    private const string Plain = "otto";

    [Fact]
    public async Task It_is_refused_without_key_role_approval_or_window_and_runs_once_with_them()
    {
        // A window that is a minute long and most of a week away.
        var window = DateTimeOffset.UtcNow.AddDays(3);
        await using var shop = await RunningShop.StartAsync(servers, new Dictionary<string, string>
        {
            ["Operators:ChangeWindows"] = $"{window.DayOfWeek.ToString()[..3]} 00:00-00:01 Z",
            ["Operators:RefundLimit"] = "500",
        });
        var folder = shop.Setting("Secrets:Directory")!;
        Shopctl.MakeOperator(folder, Viewer, OperatorRole.Viewer);
        Shopctl.MakeOperator(folder, Plain, OperatorRole.Operator);
        await shop.AddProductAsync("CARD", 0);
        await KeyShop.ImportAsync(shop, "CARD", [.. KeyShop.Secrets("CARD", 5)], 5, TestContext.Current.CancellationToken);
        var batch = Assert.Single(await KeyBatches.ListAsync(
            shop.Database, "CARD", DateTimeOffset.UnixEpoch, 10, TestContext.Current.CancellationToken)).Id;
        await Eventually.TrueAsync(async () => (await shop.ProductsAsync())["CARD"] == 5, "the keys are on sale");
        var order = await shop.PlaceAsync("CARD");
        await shop.PayAsync(order);
        await shop.UntilAsync(order, "delivered");
        var key = Guid.Empty.ToString();
        var output = Path.Combine(folder, "exported.csv");
        string[][] commands =
        [
            ["keys", "export", batch, "--reason", "r", "--output", output],
            ["keys", "void", batch, "--reason", "r"],
            ["keys", "rotate", "--why", "r"],
            ["secrets", "rotate", "kek", "--why", "r"],
            ["order", "deliver", order.Id, "--text", "goods", "--why", "r"],
            ["order", "replace", order.Id, key, "--reason", "r"],
            ["review", "deliver", order.Id, "--why", "r"],
            ["review", "confirm-paid", order.Id, "--reference", "x", "--amount", "1000", "--why", "r"],
            ["review", "refund", order.Id, "--reason", "r"],
            ["refund", order.Id, "--amount", "501", "--reason", "r"],
            ["operators", "add", "mallory", "approver", Path.Combine(folder, "mallory.key"), "--why", "r"],
            ["operators", "role", Viewer, "admin", "--why", "r"],
        ];
        var before = await StateAsync(shop, folder);

        foreach (var command in commands)
        {
            var said = string.Join(' ', command);
            Assert.True(await Shopctl.RunAsAsync(shop, null, command) == ExitCodes.Refused, said);
            Assert.True(await Shopctl.RunAsAsync(shop, Viewer, command) == ExitCodes.Refused, said);
            Assert.True(await Shopctl.RunAsAsync(shop, Shopctl.First, command) == ExitCodes.Waiting, said);
            var id = await Shopctl.LastApprovalAsync(shop);
            Assert.True(await Shopctl.RunAsAsync(shop, "bob", "approvals", "approve", id) == ExitCodes.Ok, said);
            Assert.True(await Shopctl.RunAsAsync(shop, Shopctl.First, [.. command, "--approval", id]) == ExitCodes.Refused, said);
        }

        string[] takeOff = commands[1];
        Assert.Equal(ExitCodes.Refused, await Shopctl.RunAsAsync(shop, Shopctl.First, [.. takeOff, "--approval", "nonsense"]));
        Assert.Equal(ExitCodes.Waiting, await Shopctl.RunAsAsync(shop, Plain, takeOff));
        var asked = await Shopctl.LastApprovalAsync(shop);
        Assert.Equal(ExitCodes.Refused, await Shopctl.RunAsAsync(shop, Plain, "approvals", "approve", asked));
        Assert.Equal(ExitCodes.Waiting, await Shopctl.RunAsAsync(shop, Plain, [.. takeOff, "--approval", asked]));
        Assert.Equal(ExitCodes.Refused, await Shopctl.RunAsAsync(shop, Shopctl.First, [.. takeOff, "--approval", asked]));
        Assert.Equal(before, await StateAsync(shop, folder));
        Assert.False(File.Exists(output));
        var audit = await Shopctl.AuditAsync(shop);
        Assert.DoesNotContain(audit, e => e.Outcome is AuditOutcome.Started);
        foreach (var action in audit.Where(e => e.Outcome == AuditOutcome.Waiting).Select(e => e.Action).Distinct())
        {
            Assert.Contains(audit, e => e.Action == action && e is { Outcome: AuditOutcome.Refused, Operator: Viewer });
            Assert.Contains(audit, e => e.Action == action && e is { Outcome: AuditOutcome.Refused, Operator: Shopctl.First });
        }

        // Ten entries a minute tell of unknown keys; the rest would only fill the topic.
        Assert.InRange(audit.Count(e => e.Operator == Operator.Unknown), 10, commands.Length);

        // Also outside the window, where an admin says so: once.
        Assert.Equal(ExitCodes.Ok, await Shopctl.RunAsAsync(shop, "bob", "approvals", "approve", asked, "--outside-window"));
        Assert.Equal(ExitCodes.Ok, await Shopctl.RunAsAsync(shop, Plain, [.. takeOff, "--approval", asked]));
        Assert.Equal("5 0 0 1 4", await KeyShop.StockAsync(shop, "CARD"));
        var run = (await Shopctl.AuditAsync(shop)).Where(e => e.Action == "keys.void" && e.RunId is not null).ToList();
        Assert.Equal([AuditOutcome.Started, AuditOutcome.Done], run.Select(e => e.Outcome!.Value));
        Assert.All(run, e => Assert.Equal((Plain, "bob", true), (e.Operator, e.Approver, e.OutsideWindow)));

        // A refund below the limit takes one.
        Assert.Equal(ExitCodes.Ok, await Shopctl.RunAsAsync(shop, Plain, "refund", order.Id, "--amount", "100", "--reason", "r"));
        Assert.Equal(ExitCodes.Waiting, await Shopctl.RunAsAsync(shop, Plain, "refund", order.Id, "--amount", "401", "--reason", "r"));
    }

    /// <summary>What the commands could change: stock, keys, orders, secrets and operators.</summary>
    private static async Task<string> StateAsync(RunningShop shop, string folder)
    {
        await using var command = shop.Database.CreateCommand(
            """
            SELECT (SELECT string_agg(s::text, ' ') FROM shop.stock s)
                || (SELECT string_agg(id::text || status || kek, ' ' ORDER BY id) FROM shop.card_keys)
                || (SELECT string_agg(
                        id || (data ->> 'status') || (data -> 'payments')::text || coalesce((data -> 'acts')::text, ''), ' ' ORDER BY id)
                    FROM shop.mt_doc_paymentsaga)
            """);
        return (string)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!
            + string.Join(' ', Directory.GetFiles(folder).Order().Select(f => Path.GetFileName(f) + new FileInfo(f).Length));
    }
}
