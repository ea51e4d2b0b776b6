using CardShop.Shopctl.Backup;
using Xunit;

namespace CardShop.Tests.Unit.Backup;

public sealed class When_backups_are_made
{
    private const string Info =
        """
        [{"archive":[{"id":"15-1","max":"0000000100000000000000A4","min":"000000010000000000000001"}],"backup":[
        {"annotation":{"position":"{\"commitNo\":7,\"progress\":[{\"group\":\"orders\",\"topic\":\"t\",\"partition\":3,\"nextOffset\":9}]}"},
         "archive":{"start":"000000010000000000000003","stop":"000000010000000000000004"},"error":false,
         "info":{"delta":22,"repository":{"delta":4517391,"size":4517391},"size":22987811},"label":"20261121-113801F","prior":null,
         "timestamp":{"start":1795261081,"stop":1795261083},"type":"full"},
        {"archive":{"start":"000000010000000000000006","stop":"000000010000000000000007"},"error":false,
         "info":{"delta":22,"repository":{"delta":17,"size":4517391},"size":22987811},"label":"20261121-113801F_20261121-113822I",
         "timestamp":{"start":1795261102,"stop":1795261104},"type":"incr"}],
        "name":"cardshop","status":{"code":0,"message":"ok"}}]
        """;

    [Fact]
    public void The_repository_s_list_is_read_with_where_each_began()
    {
        var info = RepositoryInfo.Parse(Info, "cardshop");

        Assert.Null(info.Problem);
        Assert.Equal(["20261121-113801F", "20261121-113801F_20261121-113822I"], info.Backups.Select(b => b.Label));
        Assert.Equal((7L, 9L), (info.Backups[0].Position!.CommitNo, info.Backups[0].ToKept().Progress![0].NextOffset));
        Assert.Null(info.Backups[1].Position);
        Assert.Equal((null, null), (info.Backups[1].ToKept().CommitNo, info.Backups[1].ToKept().Progress));
        Assert.NotNull(RepositoryInfo.Parse(Info, "another").Problem);
    }

    [Fact]
    public void A_schedule_that_is_not_kept_is_said()
    {
        var backups = RepositoryInfo.Parse(Info, "cardshop").Backups;
        var made = backups[^1].StoppedAt;

        Assert.Null(BackupSchedule.Behind(backups, made.AddHours(25)));
        Assert.Contains("26 hours", BackupSchedule.Behind(backups, made.AddHours(27)), StringComparison.Ordinal);
        Assert.Contains("--full", BackupSchedule.Behind(backups, made.AddDays(9)), StringComparison.Ordinal);
        Assert.Contains("--full", BackupSchedule.Behind([], made), StringComparison.Ordinal);
        Assert.Contains("--full", BackupSchedule.Behind([.. backups.Select(b => b with { Damaged = true })], made), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("stanza: cardshop\nstatus: ok\n  archiveId: 15-1, total WAL checked: 7\n  backup: x, status: valid, total files", true)]
    [InlineData("stanza: cardshop\nstatus: error\n  archiveId: 15-1, total WAL checked: 7, total valid WAL: 6\n    other: 1", false)]
    [InlineData("stanza: cardshop\nstatus: ok\n  backup: x, status: invalid, total files", false)]
    [InlineData("", false)]
    public void A_verification_counts_by_what_it_says(string said, bool good) => Assert.Equal(good, VerifyReport.IsGood(said));

    [Theory]
    [InlineData("cron")]
    [InlineData("systemd")]
    [InlineData("k8s")]
    public void Each_schedule_makes_full_backups_weekly(string format) =>
        Assert.Contains("full", BackupSchedule.Text(format), StringComparison.Ordinal);

    [Theory]
    [InlineData("Postgres__ConnectionString", "Host=h;Port=1;Database=d;Username=u;Password=geheim", "Host=h;Port=1;Database=d;Username=u")]
    [InlineData("Postgres__ConnectionString", "geheim", PlainSettings.Hidden)]
    [InlineData("RabbitMq__Uri", "amqp://u:geheim@h:1/v", "amqp://h:1/v")]
    [InlineData("Mail__Password", "geheim", PlainSettings.Hidden)]
    [InlineData("Mail__PasswordFile", "/run/secrets/mail", "/run/secrets/mail")]
    [InlineData("Channels__alipay__Profiles__0__PrivateKey", "geheim", PlainSettings.Hidden)]
    [InlineData("Channels__wechat__Profiles__0__MerchantId", "1900000001", "1900000001")]
    [InlineData("Secrets__Directory", "/var/secrets", "/var/secrets")]
    [InlineData("Region", "a", "a")]
    public void Settings_are_written_down_without_what_opens_a_door(string name, string value, string written)
    {
        var plain = PlainSettings.Of([new(name, value), new("CARDSHOP_OPERATOR_KEY", "geheim"), new("PATH", "/bin")]);

        Assert.Equal(new KeyValuePair<string, string>(name, written), Assert.Single(plain));
    }
}
