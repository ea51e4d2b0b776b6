using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;
using Xunit;

namespace CardShop.Tests.Unit.Shopctl;

public sealed class When_shopctl_is_started
{
    [Theory]
    [InlineData("product add SKU --name N --price abc")]
    [InlineData("product add SKU --name N --price 1 --hold never")]
    [InlineData("product")]
    [InlineData("keys import SKU")]
    [InlineData("keys import SKU FILE --format xml")]
    [InlineData("keys import SKU FILE --encoding ebcdic")]
    [InlineData("keys void BATCH")]
    [InlineData("keys export BATCH --operator A --approve B --reason r --output o")]
    [InlineData("operators add alice king FILE")]
    [InlineData("product add SKU --name N --price 1 --approval a")]
    [InlineData("nonsense")]
    [InlineData("audit --nonsense")]
    [InlineData("reconcile")]
    [InlineData("reconcile FILE --channel cash")]
    [InlineData("channels off alipay")]
    [InlineData("channels off cash --why closed")]
    [InlineData("incident")]
    [InlineData("completion tcsh")]
    [InlineData("mails retry")]
    [InlineData("mails retry a2345 --all-failed")]
    [InlineData("dead-letters discard 0:1")]
    [InlineData("errors discard m-1")]
    [InlineData("errors show")]
    [InlineData("replay shop.orders.v1 --rate many")]
    public void Wrong_arguments_are_found_before_anything_is_done(string line) =>
        Assert.NotEmpty(Tree(_ => null).Parse(line).Errors);

    [Theory]
    [InlineData("secrets init")]
    [InlineData("migrate")]
    [InlineData("product add SKU --name N --price 1 --hold payment --hold-seconds 5 --wait-minutes 1 --off-sale")]
    [InlineData("product list")]
    [InlineData("product show SKU")]
    [InlineData("product add SKU --off-sale")]
    [InlineData("product change SKU --off-sale --low-stock 5 --hidden")]
    [InlineData("product change SKU --category Games --description D --tier 10=4500 --tier 100=4000")]
    [InlineData("product change SKU --no-tiers --description-file F")]
    [InlineData("preflight --json --production --before --port 8080 --port 8081 --folder x")]
    [InlineData("verify http://127.0.0.1:8080 --json --seconds 3 --sku A --real")]
    [InlineData("incident --from 2026-03-05T14:00Z --to now --out FILE")]
    [InlineData("stock SKU --check")]
    [InlineData("channels")]
    [InlineData("channels off alipay --why closed")]
    [InlineData("completion zsh")]
    [InlineData("keys import SKU - --format csv --batch-size 10")]
    [InlineData("keys import SKU FILE --format csv --no-header --encoding gbk --report R")]
    [InlineData("keys batches")]
    [InlineData("keys batches SKU --days 3")]
    [InlineData("keys void BATCH --reason leaked")]
    [InlineData("keys void --key 00000000-0000-0000-0000-000000000001 00000000-0000-0000-0000-000000000002 --reason r")]
    [InlineData("keys export BATCH --reason r --output o --approval a --operator-key-file F")]
    [InlineData("operators list")]
    [InlineData("operators add alice admin FILE")]
    [InlineData("operators remove alice --operator-key-file F --why left")]
    [InlineData("operators role alice viewer --approval a")]
    [InlineData("approvals list --all")]
    [InlineData("approvals show ID")]
    [InlineData("approvals approve ID --outside-window --why now")]
    [InlineData("approvals reject ID --why no")]
    [InlineData("review dismiss a2345 --reason r --operator ann")]
    [InlineData("keys rotate --rate 100")]
    [InlineData("secrets rotate kek")]
    [InlineData("secrets rotate kek --stage")]
    [InlineData("secrets operator alice FILE")]
    [InlineData("demo")]
    [InlineData("demo seed")]
    [InlineData("audit --json x")]
    [InlineData("lag")]
    [InlineData("lag --all")]
    [InlineData("reconcile FILE --channel wechat --profile p --date 2026-03-05 --dry-run --json")]
    [InlineData("order a2345")]
    [InlineData("partner add acme --name N --sku A --sku B --scope events:read")]
    [InlineData("partner list")]
    [InlineData("partner rotate acme --overlap-hours 0.5")]
    [InlineData("partner disable acme")]
    [InlineData("partner enable acme")]
    [InlineData("partner webhook add acme https://example.org/hook --event cardshop.order.delivered.v1 --sku A")]
    [InlineData("partner webhook rotate wh_1")]
    [InlineData("partner webhook disable wh_1")]
    [InlineData("partner webhook enable wh_1")]
    [InlineData("mails")]
    [InlineData("mails --failed")]
    [InlineData("mails retry a2345")]
    [InlineData("mails retry --all-failed")]
    [InlineData("replay shop.orders.v1 --from 0 --to end --sku S --rate 100 --why w --json f")]
    [InlineData("replay shop.deliveries.v1 --from 2026-03-05T06:00:00Z --to 2026-03-06T06:00:00Z --order a2345 --dry-run")]
    [InlineData("replay --resume 0011aabb --approval x")]
    [InlineData("replay list")]
    [InlineData("replay abandon 0011aabb")]
    [InlineData("dead-letters list --topic shop.orders.v1 --since 2026-03-05T06:00:00Z --all --json")]
    [InlineData("dead-letters show 0:1")]
    [InlineData("dead-letters retry 0:1 1:2 --why w")]
    [InlineData("dead-letters retry --all-matching --reason-has Json")]
    [InlineData("dead-letters discard 0:1 --why w")]
    [InlineData("errors list --queue cardshop.delivery --json")]
    [InlineData("errors show m-1")]
    [InlineData("errors retry m-1")]
    [InlineData("errors discard --all-matching --exception Timeout --why w")]
    [InlineData("order a2345 --story --json")]
    [InlineData("review show a2345 --since 2026-03-05T06:00:00Z")]
    public void The_agreed_commands_are_understood(string line) => Assert.Empty(Tree(_ => null).Parse(line).Errors);

    [Theory]
    [InlineData("--help")]
    [InlineData("product --help")]
    [InlineData("product add --help")]
    [InlineData("keys import --help")]
    public async Task Every_help_ends_with_the_exit_codes(string line)
    {
        using var output = new StringWriter();

        var code = await Tree(_ => null).Parse(line).InvokeAsync(
            new() { Output = output }, TestContext.Current.CancellationToken);

        Assert.Equal(ExitCodes.Ok, code);
        Assert.EndsWith("5  waits for a second operator's approval", output.ToString().TrimEnd(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("lag")]
    [InlineData("migrate")]
    [InlineData("secrets init")]
    [InlineData("product add SKU --name N --price 0")]
    [InlineData("product add SKU --on-sale --off-sale")]
    [InlineData("product change SKU --price 0")]
    [InlineData("migrate --wait-seconds 601")]
    [InlineData("verify shop.example")]
    [InlineData("verify http://127.0.0.1:1 --seconds 99")]
    [InlineData("incident --from 1h --to 2h")]
    [InlineData("incident --from yesterday")]
    [InlineData("reconcile no/such/file")]
    [InlineData("reconcile FILE --date tomorrow")]
    [InlineData("keys void --key nonsense --reason r")]
    [InlineData("keys void BATCH --key 00000000-0000-0000-0000-000000000001 --reason r")]
    [InlineData("demo")]
    public async Task A_missing_setting_or_wrong_value_is_wrong_use(string line) => Assert.Equal(
        ExitCodes.Usage,
        await Tree(_ => null).Parse(line).InvokeAsync(cancellationToken: TestContext.Current.CancellationToken));

    [Fact]
    public void A_setting_is_asked_for_by_name_and_no_password_is_repeated()
    {
        var missing = Assert.Throws<ShopctlException>(() => new ShopctlSettings(_ => null).Kafka);
        Assert.Contains("Kafka__BootstrapServers", missing.Message, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Usage, missing.ExitCode);

        var wrong = new ShopctlSettings(_ => "x://user:topsecret@host/;Password=topsecret");
        Func<object>[] reads = [() => wrong.Rabbit, () => wrong.Postgres, () => wrong.Region, () => wrong.Api];
        foreach (var read in reads)
        {
            Assert.DoesNotContain("topsecret", Assert.Throws<ShopctlException>(read).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Places_are_shown_without_user_and_password()
    {
        var settings = new ShopctlSettings(name => name switch
        {
            ShopctlSettings.PostgresName => "Host=db;Port=5433;Username=u;Password=topsecret",
            ShopctlSettings.RabbitName => "amqp://u:topsecret@mq/",
            _ => null,
        });

        Assert.Equal(("db:5433", "mq:5672", "a"), (settings.PostgresPlace, settings.RabbitPlace, settings.Region));
    }

    private static System.CommandLine.RootCommand Tree(Func<string, string?> variable) =>
        CommandTree.Create(new(new(variable), TimeProvider.System, new Screen()));
}
