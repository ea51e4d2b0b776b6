using System.Text;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Shopctl.Keys;
using CardShop.Shopctl.Secrets;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;
using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop;
using Xunit;

namespace CardShop.Tests.Integration.Keys;

public sealed class When_keys_are_exported(TestServers servers)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_operators_get_every_key_in_a_private_file_and_the_audit_knows_who_and_why()
    {
        await using var shop = await RunningShop.StartAsync(servers);
        await shop.AddProductAsync("EXPORT", 0);
        string[] secrets = ["plain-8FQ2-77X1", "with \"quotes\", and commas", "卡密-甲"];
        await KeyShop.ImportAsync(shop, "EXPORT", secrets, 2, Stop);
        var import = Assert.Single(await KeyBatches.ListAsync(shop.Database, "EXPORT", DateTimeOffset.UnixEpoch, 10, Stop));
        var folder = shop.Setting("Secrets:Directory")!;
        string In(string name) => Path.Combine(folder, name);
        OperatorKeys.Create(folder, "alice", In("alice.key"));
        OperatorKeys.Create(folder, "bob", In("bob.key"));

        var alone = await RunAsync(shop, import.Id, In("alice.key"), In("alice.key"), In("alone.csv"));
        var both = await RunAsync(shop, import.Id, In("alice.key"), In("bob.key"), In("both.csv"));
        var over = await RunAsync(shop, import.Id, In("alice.key"), In("bob.key"), In("both.csv"));

        Assert.Equal((ExitCodes.Failed, ExitCodes.Ok, ExitCodes.Usage), (alone, both, over));
        Assert.False(File.Exists(In("alone.csv")));
        Assert.True(
            OperatingSystem.IsWindows() || File.GetUnixFileMode(In("both.csv")) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
        var read = new List<string>();
        await using (var file = File.OpenRead(In("both.csv")))
        {
            await foreach (var line in KeyFile.ReadAsync(file, KeyFileFormat.Csv, Stop))
            {
                read.Add(line.Key!.Secret);
            }
        }

        Assert.Equal(secrets.Order(), read.Order());
        var record = Assert.Single(await shop.RecordsAsync(Topics.Audit));
        var entry = JsonSerializer.Deserialize(record.Value!, ContractsJson.Default.AuditEntry)!;
        Assert.Equal(
            ("alice", "bob", "keys.export", import.Id, "supplier asks", 3L),
            (entry.Operator, entry.Approver, entry.Action, entry.Subject, entry.Reason, entry.Count));
        Assert.All(secrets, s => Assert.DoesNotContain(s, Encoding.UTF8.GetString(record.Value!), StringComparison.Ordinal));
    }

    private static Task<int> RunAsync(RunningShop shop, string batch, string first, string second, string output)
    {
        var session = new Session(
            new ShopctlSettings(name => shop.Setting(name.Replace("__", ":", StringComparison.Ordinal))), TimeProvider.System,
            new Screen());
        return CommandTree.Create(session).Parse(
        [
            "keys", "export", batch, "--operator", first, "--approve", second, "--reason", "supplier asks", "--output", output,
        ]).InvokeAsync(cancellationToken: Stop);
    }
}
