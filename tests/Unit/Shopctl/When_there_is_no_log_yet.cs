using System.Text.Json;
using CardShop.Contracts;
using CardShop.Shop.Operators;
using CardShop.Shopctl.Operators;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;
using Xunit;

namespace CardShop.Tests.Unit.Shopctl;

/// <summary>The trusted machine: secrets and operators are made where no Kafka is, and it is noted; nowhere else is the audit passed by.</summary>
public sealed class When_there_is_no_log_yet : IDisposable
{
    private readonly string _home = Directory.CreateTempSubdirectory("cardshop-trusted").FullName;
    private string? _key;

    private string Folder => Path.Combine(_home, "secrets");

    private string Journal => Path.Combine(Folder, FolderJournal.Name);

    [Fact]
    public async Task Everything_that_an_installation_needs_is_made_and_noted()
    {
        Assert.Equal(ExitCodes.Ok, await RunAsync("secrets init"));
        Assert.Equal(ExitCodes.Ok, await RunAsync($"operators add alice admin {KeyFile("alice")}"));
        _key = KeyOf("alice");
        Assert.Equal(ExitCodes.Ok, await RunAsync($"operators add deploy admin {KeyFile("deploy")}"));
        Assert.Equal(ExitCodes.Ok, await RunAsync($"operators add bob approver {KeyFile("bob")} --why second"));
        Assert.Equal(ExitCodes.Ok, await RunAsync("secrets months --ahead 2"));
        Assert.Equal(ExitCodes.Ok, await RunAsync("secrets rotate kek --stage --why leaked"));
        Assert.Equal(ExitCodes.Ok, await RunAsync("operators remove bob --why left"));

        var done = Entries().Where(e => e.Outcome == AuditOutcome.Done).Select(e => (e.Operator, e.Action, e.Subject)).ToList();
        Assert.Equal(
            [
                ("alice", "operators.add", "alice"), ("alice", "operators.add", "deploy"), ("alice", "operators.add", "bob"),
                ("alice", "secrets.init", "secrets"), ("alice", "secrets.rotate", "a new key-encryption key"), ("alice", "operators.remove", "bob"),
            ],
            done);
        Assert.True(File.Exists(Path.Combine(Folder, "kek-2")));
        Assert.All(Entries(), e => Assert.DoesNotContain(_key, e.ToString(), StringComparison.Ordinal));
        Assert.True(IsPrivate(Journal));
    }

    [Fact]
    public async Task It_takes_the_key_of_an_admin_all_the_same()
    {
        await RunAsync($"operators add alice admin {KeyFile("alice")}");
        Assert.Equal(ExitCodes.Refused, await RunAsync($"operators add mallory admin {KeyFile("mallory")} --why w"));
        OperatorFiles.TryAdd(Folder, "otto", OperatorRole.Operator, "ottos-key");
        _key = "ottos-key";
        Assert.Equal(ExitCodes.Refused, await RunAsync($"operators add mallory admin {KeyFile("mallory")} --why w"));
        Assert.Equal(["alice", "otto"], OperatorFiles.Names(Folder));
        Assert.Equal(["unknown", "otto"], Entries().Where(e => e.Outcome == AuditOutcome.Refused).Select(e => e.Operator));
    }

    [Fact]
    public async Task A_folder_of_a_machine_with_a_log_is_never_changed_without_it()
    {
        // Its first operator was made where Kafka is set, though it did not answer.
        Assert.Equal(ExitCodes.Ok, await RunAsync($"operators add alice admin {KeyFile("alice")}", "127.0.0.1:1"));
        Assert.False(File.Exists(Journal));
        _key = KeyOf("alice");

        Assert.Equal(ExitCodes.Usage, await RunAsync($"operators add deploy admin {KeyFile("deploy")}"));
        Assert.Equal(ExitCodes.Usage, await RunAsync("secrets months"));
        Assert.Equal(["alice"], OperatorFiles.Names(Folder));
    }

    [Fact]
    public async Task A_folder_that_came_here_is_audited_where_there_is_a_log()
    {
        await RunAsync($"operators add alice admin {KeyFile("alice")}");
        _key = KeyOf("alice");
        Assert.Equal(ExitCodes.Unreachable, await RunAsync($"operators add deploy admin {KeyFile("deploy")}", "127.0.0.1:1"));
        Assert.Equal(["alice"], OperatorFiles.Names(Folder));
    }

    [Fact]
    public async Task What_touches_more_than_the_folder_is_not_done()
    {
        await RunAsync("secrets init");
        await RunAsync($"operators add alice admin {KeyFile("alice")}");
        _key = KeyOf("alice");
        Assert.Equal(ExitCodes.Usage, await RunAsync("secrets expire-months --before 2020-01 --why old"));
        Assert.Equal(ExitCodes.Usage, await RunAsync("keys rotate --why w"));
    }

    [Fact]
    public async Task A_file_for_a_pod_is_whole_or_not_there()
    {
        var file = Path.Combine(_home, "keys.txt");
        await Assert.ThrowsAsync<ShopctlException>(
            () => PodCommands.TakeAsync(new MemoryStream(new byte[9]), file, 10, TestContext.Current.CancellationToken));
        Assert.False(File.Exists(file));
        await PodCommands.TakeAsync(new MemoryStream(new byte[10]), file, 10, TestContext.Current.CancellationToken);
        Assert.Equal(10, new FileInfo(file).Length);
        Assert.True(IsPrivate(file));
    }

    public void Dispose() => Directory.Delete(_home, recursive: true);

    private static bool IsPrivate(string file) =>
        OperatingSystem.IsWindows() || File.GetUnixFileMode(file) == (UnixFileMode.UserRead | UnixFileMode.UserWrite);

    private string KeyFile(string name) => Path.Combine(_home, name + ".key");

    private string KeyOf(string name) => File.ReadAllText(KeyFile(name)).Trim();

    private List<AuditEntry> Entries() =>
        [.. File.ReadLines(Journal).Select(l => JsonSerializer.Deserialize(l, ContractsJson.Default.AuditEntry)!)];

    private async Task<int> RunAsync(string line, string? kafka = null)
    {
        var session = new Session(
            new(name => name switch
            {
                ShopctlSettings.SecretsName => Folder,
                ShopctlSettings.KafkaName => kafka,
                ShopctlSettings.OperatorKeyName => _key,
                _ => null,
            }),
            TimeProvider.System, new Screen(TextWriter.Null, TextWriter.Null));
        return await CommandTree.RunAsync(session, line.Split(' '));
    }
}
