using System.Text.Json;
using CardShop.Api.Admin.Commands;
using CardShop.Shop.Operators;
using CardShop.Shop.Orders;
using CardShop.Shopctl.Terminal;
using CardShop.Tests.Unit.Shopctl;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace CardShop.Tests.Unit.Api;

public sealed class When_the_console_runs_a_command : IDisposable
{
    private const string Why = "a test, it's 100 % fine; $(rm) `x`";

    private static readonly string Order = OrderIds.Fresh('a', new byte[16]);

    /// <summary>Each command with all its arguments, and shopctl's words for them.</summary>
    private static readonly Dictionary<string, (string Arguments, string Words)> Whole = new()
    {
        ["dead-letters.list"] = ("""{"topic":"shop.orders.v1","limit":7}""", "dead-letters list --json --topic=shop.orders.v1 --limit=7"),
        ["dead-letters.retry"] = ("""{"ids":["0:12","2:3","0:12"]}""", "dead-letters retry 0:12 2:3"),
        ["dead-letters.discard"] = ("""{"ids":["0:12"]}""", "dead-letters discard 0:12"),
        ["errors.list"] = ("""{"limit":1000}""", "errors list --json --limit=1000"),
        ["errors.retry"] = ("""{"ids":["m-1","m-2"]}""", "errors retry m-1 m-2"),
        ["errors.discard"] = ("""{"ids":["m-1"]}""", "errors discard m-1"),
        ["replay.plan"] = (
            """{"order":"ORDER","topic":"shop.orders.v1","from":"2030-01-01T00:00:00Z","to":"end","sku":"STEAM-50"}""",
            "replay shop.orders.v1 --from=2030-01-01T00:00:00Z --to=end --sku=STEAM-50 --order=ORDER --dry-run"),
        ["replay.run"] = ("""{"topic":"shop.orders.v1","from":"0","rate":50}""", "replay shop.orders.v1 --from=0 --rate=50"),
        ["replay.resume"] = ("""{"id":"00ff00ff"}""", "replay --resume=00ff00ff"),
        ["replay.list"] = ("{}", "replay list --json"),
        ["replay.abandon"] = ("""{"id":"00ff00ff"}""", "replay abandon 00ff00ff"),
        ["recover.plan"] = ("{}", "recover --dry-run"),
        ["recover.run"] = ("{}", "recover --yes"),
        ["recover.work"] = ("{}", "recover --work"),
        ["order.story"] = ("""{"id":"ORDER"}""", "order ORDER --story --json"),
        ["channels.on"] = ("""{"channel":"alipay"}""", "channels on alipay"),
        ["channels.off"] = ("""{"channel":"wechat"}""", "channels off wechat"),
    };

    private readonly CommandWalk _walk = new();

    [Fact]
    public void Every_command_becomes_words_that_shopctl_takes()
    {
        Assert.Equal(Whole.Keys.Order(StringComparer.Ordinal), CommandTable.All.Select(c => c.Name).Order(StringComparer.Ordinal));
        var tree = CommandTree.Create(_walk.Stopped(TextWriter.Null, TextWriter.Null));
        foreach (var command in CommandTable.All)
        {
            var (arguments, expected) = Whole[command.Name];
            var (words, wrong) = command.Build(Request(
                command.Name, arguments, command.TakesWhy ? $" {Why} " : null, command.Action.IsDangerous ? "a-1" : null));

            Assert.Null(wrong);
            Assert.Equal(
                expected.Replace("ORDER", Order, StringComparison.Ordinal) + (command.TakesWhy ? " --why=" + Why : "")
                    + (command.Action.IsDangerous ? " --approval=a-1" : ""),
                string.Join(' ', words!));
            var parsed = tree.Parse(words!);
            Assert.True(parsed.Errors.Count == 0, $"{command.Name}: {string.Join(' ', parsed.Errors.Select(e => e.Message))}");
            Assert.StartsWith(
                string.Join(' ', command.Words.Where(w => w[0] != '-')), PathOf(parsed.CommandResult.Command), StringComparison.Ordinal);
            Assert.Equal(command.TakesWhy ? Why : null, OptionOf(parsed, "--why"));
            Assert.True(
                !command.TakesWhy || parsed.CommandResult.Command.Description!.Contains(
                    $"role {Operator.NameOf(command.Action.Least)}", StringComparison.Ordinal),
                $"{command.Name} takes the role that shopctl asks for");
        }
    }

    [Fact]
    public void A_viewer_may_look_and_nothing_else()
    {
        string[] looks = ["dead-letters.list", "errors.list", "replay.list", "replay.plan", "recover.plan", "order.story"];
        Assert.All(CommandTable.All, c =>
        {
            Assert.Equal(looks.Contains(c.Name), c.Action.Least == OperatorRole.Viewer);
            Assert.Equal(looks.Contains(c.Name), !c.TakesWhy);
            Assert.True(!looks.Contains(c.Name) || c.Words.Concat(c.Last).Any(w => w is "list" or "--dry-run" or "--story"), c.Name);
        });
    }

    [Theory]
    [InlineData("dead-letters.list", """{"topic":"--all"}""", "arguments.topic")]
    [InlineData("dead-letters.list", """{"topic":"a b"}""", "arguments.topic")]
    [InlineData("dead-letters.list", """{"topic":"@/etc/passwd"}""", "arguments.topic")]
    [InlineData("dead-letters.list", """{"topic":"[suggest:1]"}""", "arguments.topic")]
    [InlineData("dead-letters.list", """{"topic":5}""", "arguments.topic")]
    [InlineData("dead-letters.list", """{"limit":0}""", "arguments.limit")]
    [InlineData("dead-letters.list", """{"limit":1001}""", "arguments.limit")]
    [InlineData("dead-letters.list", """{"limit":"5"}""", "arguments.limit")]
    [InlineData("dead-letters.list", """{"limit":1.5}""", "arguments.limit")]
    [InlineData("dead-letters.list", """{"all":true}""", "arguments.all")]
    [InlineData("dead-letters.list", """{"--all":true}""", "arguments.--all")]
    [InlineData("dead-letters.list", """{"a b":true}""", "arguments.-")]
    [InlineData("dead-letters.list", "[]", "arguments")]
    [InlineData("dead-letters.list", "\"list\"", "arguments")]
    [InlineData("dead-letters.retry", "{}", "arguments.ids")]
    [InlineData("dead-letters.retry", """{"ids":[]}""", "arguments.ids")]
    [InlineData("dead-letters.retry", """{"ids":"0:1"}""", "arguments.ids")]
    [InlineData("dead-letters.retry", """{"ids":["0:1","--all-matching"]}""", "arguments.ids")]
    [InlineData("dead-letters.retry", """{"ids":["0:-1"]}""", "arguments.ids")]
    [InlineData("dead-letters.retry", """{"ids":["0:1;reboot"]}""", "arguments.ids")]
    [InlineData("dead-letters.retry", """{"ids":[null]}""", "arguments.ids")]
    [InlineData("errors.retry", """{"ids":["--all-matching"]}""", "arguments.ids")]
    [InlineData("errors.retry", """{"ids":["-h"]}""", "arguments.ids")]
    [InlineData("errors.retry", """{"ids":["a\nb"]}""", "arguments.ids")]
    [InlineData("replay.run", """{"from":"0"}""", "arguments.topic")]
    [InlineData("replay.run", """{"topic":"list","from":"0"}""", "arguments.topic")]
    [InlineData("replay.run", """{"topic":"shop.audit.v1","from":"0"}""", "arguments.topic")]
    [InlineData("replay.run", """{"topic":"shop.orders.v1","from":"yesterday"}""", "arguments.from")]
    [InlineData("replay.run", """{"topic":"shop.orders.v1","from":"0","to":"-1"}""", "arguments.to")]
    [InlineData("replay.run", """{"topic":"shop.orders.v1","from":"0","sku":"a/b"}""", "arguments.sku")]
    [InlineData("replay.run", """{"topic":"shop.orders.v1","from":"0","order":"x"}""", "arguments.order")]
    [InlineData("replay.run", """{"topic":"shop.orders.v1","from":"0","rate":0}""", "arguments.rate")]
    [InlineData("replay.plan", """{"topic":"shop.orders.v1","from":"0","rate":5}""", "arguments.rate")]
    [InlineData("replay.resume", """{"id":"../../etc"}""", "arguments.id")]
    [InlineData("replay.abandon", """{"id":"--help"}""", "arguments.id")]
    [InlineData("recover.run", """{"yes":true}""", "arguments.yes")]
    [InlineData("order.story", """{"id":"manual"}""", "arguments.id")]
    [InlineData("channels.off", """{"channel":"all"}""", "arguments.channel")]
    public void What_the_table_does_not_allow_is_refused_by_name(string name, string arguments, string field)
    {
        var command = CommandTable.Find(name)!;
        var (words, wrong) = command.Build(Request(name, arguments, command.TakesWhy ? Why : null, null));

        Assert.Null(words);
        Assert.Contains(field, wrong!.Errors!.Keys);
    }

    [Theory]
    [InlineData("channels.off", null, null, "why")]
    [InlineData("channels.off", "  ", null, "why")]
    [InlineData("channels.off", "--operator-key-file=/etc/passwd", null, "why")]
    [InlineData("channels.off", " -h", null, "why")]
    [InlineData("channels.off", "a\nb", null, "why")]
    [InlineData("channels.off", "w", "a-1", "approval")]
    [InlineData("recover.run", "w", "--yes", "approval")]
    [InlineData("recover.run", "w", "a 1", "approval")]
    [InlineData("recover.plan", "w", null, "why")]
    [InlineData("recover.plan", null, "a-1", "approval")]
    public void So_are_reasons_and_approvals(string name, string? why, string? approval, string field)
    {
        var (words, wrong) = CommandTable.Find(name)!.Build(
            Request(name, name.StartsWith("channels", StringComparison.Ordinal) ? """{"channel":"alipay"}""" : "{}", why, approval));

        Assert.Null(words);
        Assert.Equal([field], wrong!.Errors!.Keys);
    }

    [Fact]
    public void A_hundred_ids_are_taken_and_one_more_is_not_and_no_text_is_long()
    {
        var retry = CommandTable.Find("dead-letters.retry")!;
        string Ids(int count) => $$"""{"ids":[{{string.Join(',', Enumerable.Range(0, count).Select(i => $"\"0:{i}\""))}}]}""";
        Assert.NotNull(retry.Build(Request(retry.Name, Ids(100), Why, null)).Words);
        Assert.Null(retry.Build(Request(retry.Name, Ids(101), Why, null)).Words);
        Assert.Null(CommandTable.Find("dead-letters.list")!.Build(
            Request("dead-letters.list", $$"""{"topic":"{{new string('a', 129)}}"}""", null, null)).Words);
        Assert.Null(CommandTable.Find("recover.run")!.Build(Request("recover.run", "{}", new string('a', 201), null)).Words);
        Assert.Null(CommandTable.Find("secrets.rotate"));
        Assert.Null(CommandTable.Find(null));
    }

    [Fact]
    public void An_import_reads_standard_input_of_a_known_length()
    {
        var query = new KeyImportQuery("csv", "keys, new.csv", "3", "false", "gbk", Why);
        var (words, wrong) = CommandTable.ImportWords("STEAM-50", 12, query);

        Assert.Null(wrong);
        Assert.Equal(
            ["keys", "import", "STEAM-50", "-", "--bytes=12", "--format=csv", "--name=keys, new.csv", "--quota=3", "--no-header", "--encoding=gbk", "--why=" + Why],
            words!);
        Assert.Empty(CommandTree.Create(_walk.Stopped(TextWriter.Null, TextWriter.Null)).Parse(words!).Errors);
        Assert.Equal(
            ["keys", "import", "A", "-", "--bytes=1", "--format=text"],
            CommandTable.ImportWords("A", 1, new(null, null, null, null, null, null)).Words!);
        var hostile = CommandTable.ImportWords("a b", 1, new("xml", "-x", "0", "no", "latin1", "-w")).Wrong!.Errors!.Keys;
        Assert.Equal(["Why", "encoding", "format", "header", "name", "quota", "sku"], hostile.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_child_gets_words_one_by_one_and_the_key_in_its_environment_alone()
    {
        var program = new ShopctlProgram(Configuration(typeof(CommandTree).Assembly.Location));
        var start = program.StartInfo(["channels", "off", "alipay", "--why=" + Why], "the-key", watched: true);

        Assert.False(start.UseShellExecute);
        Assert.Equal([typeof(CommandTree).Assembly.Location, "channels", "off", "alipay", "--why=" + Why], start.ArgumentList);
        Assert.Equal("the-key", start.Environment["CARDSHOP_OPERATOR_KEY"]);
        Assert.Equal("there:1", start.Environment["Kafka__BootstrapServers"]);
        Assert.False(start.Environment.ContainsKey("Other__Setting"));
        Assert.DoesNotContain(start.ArgumentList, w => w.Contains("the-key", StringComparison.Ordinal));
        Assert.Equal("shopctl channels off 'it'\\''s'", ShopctlProgram.TextOf(["channels", "off", "it's"]));
        Assert.False(new ShopctlProgram(Configuration(null)).IsSet);
        Assert.Contains(
            "Console__Shopctl", Assert.Throws<InvalidOperationException>(() => new ShopctlProgram(Configuration("/no/such/file"))).Message,
            StringComparison.Ordinal);
    }

    public void Dispose() => _walk.Dispose();

    private static IConfiguration Configuration(string? path) => new ConfigurationBuilder().AddInMemoryCollection(
        new Dictionary<string, string?>
        {
            ["Console:Shopctl"] = path,
            ["Kafka:BootstrapServers"] = "there:1",
            ["Other:Setting"] = "x",
        }).Build();

    private static CommandRequest Request(string name, string arguments, string? why, string? approval) => new(
        name, JsonDocument.Parse(arguments.Replace("ORDER", Order, StringComparison.Ordinal)).RootElement, why, approval);

    private static string PathOf(System.CommandLine.Command command) =>
        command.Parents.OfType<System.CommandLine.Command>().FirstOrDefault(p => p is not System.CommandLine.RootCommand) is { } parent
            ? PathOf(parent) + " " + command.Name
            : command.Name;

    private static string? OptionOf(System.CommandLine.ParseResult parsed, string name) =>
        parsed.CommandResult.Command.Options.FirstOrDefault(o => o.Name == name) is System.CommandLine.Option<string> option
            ? parsed.GetValue(option)
            : null;
}
