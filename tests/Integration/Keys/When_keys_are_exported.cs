using System.Text;
using CardShop.Contracts;
using CardShop.Shop.Operators;
using CardShop.Shopctl.Keys;
using CardShop.Shopctl.Settings;
using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop;
using Xunit;
using Operating = CardShop.Tests.Integration.Shop.Shopctl;

namespace CardShop.Tests.Integration.Keys;

public sealed class When_keys_are_exported(TestServers servers)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_operators_get_every_key_in_a_private_file_once_and_the_audit_knows_who_and_why()
    {
        await using var shop = await RunningShop.StartAsync(servers);
        await shop.AddProductAsync("EXPORT", 0);
        string[] secrets = ["plain-8FQ2-77X1", "with \"quotes\", and commas", "卡密-甲"];
        await KeyShop.ImportAsync(shop, "EXPORT", secrets, 2, Stop);
        var import = Assert.Single(await KeyBatches.ListAsync(shop.Database, "EXPORT", DateTimeOffset.UnixEpoch, 10, Stop));
        var folder = shop.Setting("Secrets:Directory")!;
        string In(string name) => Path.Combine(folder, name);
        string[] Words(string file) => ["keys", "export", import.Id, "--reason", "supplier asks", "--output", In(file)];
        Operating.MakeOperator(folder, "carl", OperatorRole.Operator);

        Assert.Equal(ExitCodes.Waiting, await Run("carl", Words("keys.csv")));
        var id = await Operating.LastApprovalAsync(shop);
        Assert.Equal(ExitCodes.Waiting, await Run("carl", [.. Words("keys.csv"), "--approval", id]));
        Assert.Equal(ExitCodes.Refused, await Run("carl", "approvals", "approve", id));
        Assert.False(File.Exists(In("keys.csv")));
        Assert.Equal(ExitCodes.Ok, await Run("bob", "approvals", "approve", id, "--why", "seen"));
        Assert.Equal(ExitCodes.Refused, await Run("carl", [.. Words("keys.csv"), "--status", "unsold", "--approval", id]));
        Assert.Equal(ExitCodes.Ok, await Run("carl", [.. Words("keys.csv"), "--approval", id]));
        Assert.Equal(ExitCodes.Usage, await Run("carl", [.. Words("keys.csv"), "--approval", id]));
        Assert.Equal(ExitCodes.Refused, await Run("carl", [.. Words("again.csv"), "--approval", id]));

        Assert.False(File.Exists(In("again.csv")));
        Assert.True(
            OperatingSystem.IsWindows() || File.GetUnixFileMode(In("keys.csv")) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
        var read = new List<string>();
        await using (var file = File.OpenRead(In("keys.csv")))
        {
            await foreach (var line in KeyFile.ReadAsync(file, KeyFileFormat.Csv, Stop))
            {
                read.Add(line.Key!.Secret);
            }
        }

        Assert.Equal(secrets.Order(), read.Order());
        var audit = await Operating.AuditAsync(shop);
        var entry = Assert.Single(audit, e => e is { Action: "keys.export", Outcome: AuditOutcome.Done });
        Assert.Equal(
            ("carl", "bob", import.Id, "supplier asks", 3L),
            (entry.Operator, entry.Approver, entry.Subject, entry.Reason, entry.Count));
        Assert.All(
            await shop.RecordsAsync(Topics.Audit),
            r => Assert.All(secrets, s => Assert.DoesNotContain(s, Encoding.UTF8.GetString(r.Value!), StringComparison.Ordinal)));

        Task<int> Run(string who, params string[] words) =>
            Operating.RunAsAsync(shop, who, words);
    }
}
