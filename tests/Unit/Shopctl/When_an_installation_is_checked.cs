using CardShop.Contracts;
using CardShop.Shopctl.Preflight;
using CardShop.Shopctl.Settings;
using Xunit;

namespace CardShop.Tests.Unit.Shopctl;

/// <summary>Preflight's rules, over facts as tables: what is right in production, and each thing that is not.</summary>
public sealed class When_an_installation_is_checked
{
    private static readonly PreflightMode Production = new(Local: false, Before: false, Replication: 3);
    private static readonly PreflightMode Local = new(Local: true, Before: false, Replication: 1);
    private static readonly PreflightMode Before = new(Local: false, Before: true, Replication: 3);

    private static readonly PostgresFacts GoodPostgres = new(
        150_004, "15.4", false, "on", "on", "on", "ANY 1 (a, b)", 2, 300, 3, "replica", "on", true, "UTF8", true, null, [], 30);

    private static readonly RabbitFacts GoodRabbit = new("RabbitMQ", "3.12.1", [], null, null, null);

    private static readonly SecretsFacts GoodSecrets = new(
        "secrets", Mode("rwx------"), [new("kek-1", Mode("rw-------"))], null, null, ["kek-1 (seals)", "token-1"]);

    public static TheoryData<string, Func<PostgresFacts, PostgresFacts>, Verdict, Verdict> PostgresFaults => new()
    {
        { "version", f => f with { Version = 130_012 }, Verdict.Fail, Verdict.Fail },
        { "primary", f => f with { InRecovery = true }, Verdict.Fail, Verdict.Fail },
        { "encoding", f => f with { Encoding = "SQL_ASCII" }, Verdict.Fail, Verdict.Fail },
        { "rights", f => f with { RightsRefusal = "permission denied for schema shop" }, Verdict.Fail, Verdict.Fail },
        { "tables", f => f with { PendingMigrations = ["0002_x"] }, Verdict.Fail, Verdict.Fail },
        { "fsync", f => f with { Fsync = "off" }, Verdict.Fail, Verdict.Fail },
        { "full_page_writes", f => f with { FullPageWrites = "off" }, Verdict.Fail, Verdict.Fail },
        { "synchronous_commit", f => f with { SynchronousCommit = "local" }, Verdict.Fail, Verdict.Fail },
        { "synchronous_commit", f => f with { SynchronousCommit = "remote_apply" }, Verdict.Ok, Verdict.Ok },
        { "synchronous standby", f => f with { SynchronousStandbyNames = " " }, Verdict.Fail, Verdict.Info },
        { "synchronous standby", f => f with { SyncStandbys = 0 }, Verdict.Fail, Verdict.Fail },
        { "synchronous standby", f => f with { SyncStandbys = null }, Verdict.Ok, Verdict.Ok },
        { "wal_level", f => f with { WalLevel = "minimal" }, Verdict.Fail, Verdict.Info },
        { "WAL archive", f => f with { ArchiveMode = "off" }, Verdict.Warn, Verdict.Info },
        { "WAL archive", f => f with { ArchiveCommand = false }, Verdict.Warn, Verdict.Info },
        { "max_connections", f => f with { MaxConnections = 42 }, Verdict.Fail, Verdict.Fail },
        { "max_connections", f => f with { PoolSize = 100 }, Verdict.Warn, Verdict.Ok },
    };

    public static TheoryData<string, Func<TopicFacts, TopicFacts>, Verdict, Verdict> TopicFaults => new()
    {
        { "partitions", f => f with { Partitions = 3 }, Verdict.Fail, Verdict.Fail },
        { "copies", f => f with { LeastReplicas = 2, LeastInSync = 2 }, Verdict.Fail, Verdict.Info },
        { "in sync", f => f with { LeastInSync = 2 }, Verdict.Warn, Verdict.Warn },
        { "min.insync", f => With(f, "min.insync.replicas", "1"), Verdict.Fail, Verdict.Fail },
        { "unclean", f => With(f, "unclean.leader.election.enable", "true"), Verdict.Fail, Verdict.Fail },
        { "retention.ms", f => With(f, "retention.ms", "604800000"), Verdict.Fail, Verdict.Fail },
        { "retention.bytes", f => With(f, "retention.bytes", "1000"), Verdict.Fail, Verdict.Fail },
        { "cleanup.policy", f => With(f, "cleanup.policy", "compact"), Verdict.Fail, Verdict.Fail },
        { "settings", f => f with { Settings = null }, Verdict.Warn, Verdict.Warn },
        {
            "flush.messages",
            f => With(f with { LeastReplicas = 1, LeastInSync = 1 }, "flush.messages", "9223372036854775807"), Verdict.Fail,
            Verdict.Warn
        },
    };

    [Fact]
    public void What_is_right_is_ok_in_every_line()
    {
        Assert.All(PostgresRules.Judge(GoodPostgres, Production), r => Assert.Equal(Verdict.Ok, r.Verdict));
        Assert.All(KafkaRules.Judge(GoodKafka(), Production), r => Assert.Equal(Verdict.Ok, r.Verdict));
        Assert.All(RabbitRules.Judge(GoodRabbit, Production), r => Assert.Equal(Verdict.Ok, r.Verdict));
        Assert.All(HostRules.Secrets(GoodSecrets, Production), r => Assert.Equal(Verdict.Ok, r.Verdict));
    }

    [Theory]
    [MemberData(nameof(PostgresFaults), DisableDiscoveryEnumeration = true)]
    public void A_fault_of_PostgreSQL_is_named_and_says_what_to_do(
        string check, Func<PostgresFacts, PostgresFacts> spoil, Verdict production, Verdict local)
    {
        var row = PostgresRules.Judge(spoil(GoodPostgres), Production).Single(r => r.Check == check);
        Assert.Equal(production, row.Verdict);
        Assert.Equal(production == Verdict.Ok, row.ToDo is null);
        Assert.Equal(local, PostgresRules.Judge(spoil(GoodPostgres), Local).Single(r => r.Check == check).Verdict);
    }

    [Theory]
    [MemberData(nameof(TopicFaults), DisableDiscoveryEnumeration = true)]
    public void A_fault_of_one_topic_is_named_and_says_what_to_do(
        string text, Func<TopicFacts, TopicFacts> spoil, Verdict production, Verdict local)
    {
        var kafka = GoodKafka(Topics.Orders.Name, spoil);
        var row = KafkaRules.Judge(kafka, Production).Where(r => r.Check == Topics.Orders.Name).MaxBy(r => r.Verdict)!;
        Assert.Equal((production, true), (row.Verdict, row.ToDo is not null));
        Assert.Equal(local, KafkaRules.Judge(kafka, Local).Where(r => r.Check == Topics.Orders.Name).Max(r => r.Verdict));
        Assert.DoesNotContain(KafkaRules.Judge(kafka, Production), r => r.Check == "topics");
        Assert.NotEmpty(text);
    }

    [Fact]
    public void A_compacted_topic_must_be_compacted_and_lose_nothing_by_time()
    {
        foreach (var policy in new[] { "delete", "compact,delete" })
        {
            var kafka = GoodKafka(Topics.Catalog.Name, f => With(f, "cleanup.policy", policy));
            Assert.Equal(Verdict.Fail, KafkaRules.Judge(kafka, Production).Single(r => r.Check == Topics.Catalog.Name).Verdict);
        }
    }

    [Fact]
    public void Operators_records_that_go_by_themselves_are_a_warning()
    {
        var kafka = GoodKafka(Topics.Audit.Name, f => With(f, "retention.ms", "1"));
        Assert.Equal(Verdict.Warn, KafkaRules.Judge(kafka, Production).Single(r => r.Check == Topics.Audit.Name).Verdict);
    }

    [Fact]
    public void Before_an_installation_what_migrate_makes_may_be_missing()
    {
        var kafka = GoodKafka() with { Topics = new Dictionary<string, TopicFacts>() };
        Assert.Contains(KafkaRules.Judge(kafka, Production), r => r.Verdict == Verdict.Fail && r.Check == "all 13 topics");
        Assert.DoesNotContain(KafkaRules.Judge(kafka, Before), r => r.Verdict >= Verdict.Warn);
        Assert.DoesNotContain(
            PostgresRules.Judge(GoodPostgres with { PendingMigrations = ["0001_initial"], SchemaThere = false }, Before),
            r => r.Verdict >= Verdict.Warn);
        Assert.DoesNotContain(
            RabbitRules.Judge(GoodRabbit with { MissingQueues = ["error"] }, Before), r => r.Verdict >= Verdict.Warn);
        Assert.Equal(Verdict.Info, HostRules.Secrets(GoodSecrets with { Mode = null }, Before).Single().Verdict);
        Assert.Equal(Verdict.Fail, HostRules.Secrets(GoodSecrets with { Mode = null }, Production).Single().Verdict);
    }

    [Fact]
    public void Copies_of_another_region_are_looked_at_where_it_is_mirrored()
    {
        Assert.Empty(MirrorRules.Judge(GoodKafka(), Production));
        Assert.Equal(
            ("copies of region n", Verdict.Ok), MirrorRules.Judge(Mirrored(), Production).Select(r => (r.Check, r.Verdict)).Single());
        // Without the copies the region's own topics are as good as before.
        var gone = GoodKafka() with { Mirrors = [new("n", "north.")] };
        Assert.Contains(KafkaRules.Judge(gone, Production), r => r.Check == "topics" && r.Verdict == Verdict.Ok);
        var row = Assert.Single(MirrorRules.Judge(gone, Production));
        Assert.Equal((Verdict.Fail, "all 9 topics north.*"), (row.Verdict, row.Check));
        Assert.Contains("Mirror__Alias=north", row.ToDo, StringComparison.Ordinal);
        Assert.Equal(Verdict.Info, Assert.Single(MirrorRules.Judge(gone, Before)).Verdict);
    }

    [Theory]
    [MemberData(nameof(TopicFaults), DisableDiscoveryEnumeration = true)]
    public void A_fault_of_a_copy_is_named_like_one_of_a_topic(
        string text, Func<TopicFacts, TopicFacts> spoil, Verdict production, Verdict local)
    {
        Assert.Equal((production, "north.shop.orders.v1"), Worst(Production));
        Assert.Equal(local, Worst(Local).Verdict);
        Assert.NotEmpty(text);

        (Verdict Verdict, string Check) Worst(PreflightMode mode)
        {
            var row = MirrorRules.Judge(Mirrored(Topics.Orders.Name, spoil), mode).Where(r => r.ToDo is not null).MaxBy(r => r.Verdict)!;
            return (row.Verdict, row.Check);
        }
    }

    [Theory]
    [InlineData("604800000", "-1", Verdict.Fail)]
    [InlineData("2678400000", "-1", Verdict.Ok)]
    [InlineData("3456000000", "-1", Verdict.Ok)]
    [InlineData("2678400000", "1000000", Verdict.Fail)]
    [InlineData("-1", "-1", Verdict.Warn)]
    public void A_copy_must_reach_back_to_the_oldest_backup_that_is_kept(string milliseconds, string bytes, Verdict verdict) => Assert.Equal(
        verdict,
        MirrorRules.Judge(
            Mirrored(Topics.KeyBatches.Name, f => With(With(f, "retention.ms", milliseconds), "retention.bytes", bytes)), Production)
            .Single().Verdict);

    [Fact]
    public void What_a_source_keeps_for_ever_stays_here_too()
    {
        var row = MirrorRules.Judge(Mirrored(Topics.Audit.Name, f => With(f, "retention.ms", "3456000000")), Production).Single();
        Assert.Equal((Verdict.Warn, "Set retention.ms=-1 and retention.bytes=-1."), (row.Verdict, row.ToDo));
    }

    [Fact]
    public void A_region_that_lives_on_in_copies_is_checked_under_their_names()
    {
        var guest = GoodKafka() with
        {
            Prefix = "east.",
            Topics = GoodKafka().Topics.ToDictionary(t => "east." + t.Key, t => t.Value),
        };
        Assert.Contains(KafkaRules.Judge(guest, Production), r => r.Check == "topics" && r.Verdict == Verdict.Ok);
        Assert.Contains(
            KafkaRules.Judge(guest with { Topics = GoodKafka().Topics }, Production), r => r.Check == "all 13 topics" && r.Verdict == Verdict.Fail);
        var brief = new Dictionary<string, TopicFacts>(guest.Topics) { ["east.shop.orders.v1"] = With(Good(Topics.Orders), "retention.ms", "1") };
        Assert.Equal(
            Verdict.Fail, KafkaRules.Judge(guest with { Topics = brief }, Production).Single(r => r.Check == "east.shop.orders.v1").Verdict);
    }

    [Fact]
    public void Mirrored_regions_are_told_by_settings()
    {
        Assert.Empty(Of(null).Mirrors);
        Assert.Equal([new("n", "north.")], Of("north").Mirrors);
        Assert.Contains(
            "Regions__n__Alias", Assert.Throws<ShopctlException>(() => Of("North!").Mirrors).Message, StringComparison.Ordinal);

        static ShopctlSettings Of(string? alias) => new(name => name == "Regions__n__Alias" ? alias : null);
    }

    [Fact]
    public void Kafka_is_refused_when_it_is_too_old_or_does_not_let_us()
    {
        var old = GoodKafka() with { Apis = new Dictionary<int, short> { [0] = 2, [1] = 3 } };
        Assert.Contains("Produce 3", KafkaRules.Judge(old, Production).First().Found, StringComparison.Ordinal);
        var refused = GoodKafka() with { CreateRefusal = "not allowed", AlterRefusal = "not allowed", Brokers = 1 };
        Assert.Equal(
            [Verdict.Ok, Verdict.Fail, Verdict.Fail, Verdict.Warn, Verdict.Ok],
            KafkaRules.Judge(refused, Production).Select(r => r.Verdict));
    }

    [Fact]
    public void RabbitMQ_is_refused_when_it_is_too_old_blocked_or_of_another_kind()
    {
        Assert.Equal(Verdict.Fail, Of(GoodRabbit with { Version = "3.9.29" }, "version"));
        Assert.Equal(Verdict.Ok, Of(GoodRabbit with { Version = "4.1.0-rc.1" }, "version"));
        Assert.Equal(Verdict.Fail, Of(GoodRabbit with { Blocked = "low on disk" }, "alarms"));
        Assert.Equal(Verdict.Fail, Of(GoodRabbit with { PublishRefusal = "ACCESS_REFUSED" }, "publish"));
        Assert.Equal(Verdict.Fail, Of(GoodRabbit with { TopologyRefusal = "PRECONDITION_FAILED" }, "queues"));
        Assert.Equal(Verdict.Fail, Of(GoodRabbit with { MissingQueues = ["error"] }, "queues"));

        static Verdict Of(RabbitFacts facts, string check) =>
            RabbitRules.Judge(facts, Production).Single(r => r.Check == check).Verdict;
    }

    [Fact]
    public void Secrets_that_others_may_read_are_refused_and_named_without_their_values()
    {
        var open = GoodSecrets with
        {
            Mode = Mode("rwxr-xr-x"),
            Files = [new("kek-1", Mode("rw-r-----")), new("root.pem", Mode("rw-r--r--"), IsPublic: true)],
        };
        var rows = HostRules.Secrets(open, Production).ToList();
        Assert.Equal([Verdict.Fail, Verdict.Fail, Verdict.Ok, Verdict.Ok], rows.Select(r => r.Verdict));
        Assert.Contains("kek-1 (0640)", rows[1].Found, StringComparison.Ordinal);
        Assert.DoesNotContain("root.pem", rows[1].Found, StringComparison.Ordinal);
        Assert.Equal(
            Verdict.Fail, HostRules.Secrets(GoodSecrets with { OpenFailure = "Secret kek-1 is not there." }, Production).Last().Verdict);
        Assert.Equal(Verdict.Fail, HostRules.Secrets(GoodSecrets with { SealFailure = "no answer" }, Production).Last().Verdict);
    }

    [Theory]
    [InlineData(100, 21, Verdict.Ok)]
    [InlineData(100, 20, Verdict.Warn)]
    [InlineData(100, 5, Verdict.Fail)]
    [InlineData(1, 0.4, Verdict.Fail)]
    public void A_disk_is_judged_by_what_is_left(double totalGigabytes, double freeGigabytes, Verdict verdict) => Assert.Equal(
        verdict, HostRules.Disk(new("data", "data", (long)(totalGigabytes * 1e9), (long)(freeGigabytes * 1e9))).Verdict);

    [Theory]
    [InlineData(0.9, 0, Verdict.Ok)]
    [InlineData(-1.1, 0, Verdict.Warn)]
    [InlineData(1.9, 1, Verdict.Ok)]
    [InlineData(-5.1, 0, Verdict.Fail)]
    [InlineData(6.5, 1, Verdict.Fail)]
    public void A_clock_is_judged_by_what_is_certain(double skew, double uncertainty, Verdict verdict) => Assert.Equal(
        verdict, HostRules.Clock(new("server", TimeSpan.FromSeconds(skew), TimeSpan.FromSeconds(uncertainty))).Verdict);

    [Theory]
    [InlineData(31, Verdict.Ok)]
    [InlineData(29, Verdict.Warn)]
    [InlineData(-1, Verdict.Fail)]
    public void A_certificate_is_warned_of_a_month_before_its_end(int daysLeft, Verdict verdict)
    {
        var now = DateTimeOffset.UnixEpoch.AddYears(50);
        Assert.Equal(verdict, HostRules.Certificate(new("file", "CN", now.AddDays(daysLeft)), now).Verdict);
    }

    [Theory]
    [InlineData(true, true, Verdict.Fail)]
    [InlineData(false, true, Verdict.Ok)]
    [InlineData(true, false, Verdict.Ok)]
    [InlineData(false, false, Verdict.Warn)]
    public void A_port_is_free_before_and_taken_afterwards(bool taken, bool wantsFree, Verdict verdict) =>
        Assert.Equal(verdict, HostRules.Port(new("api", 8080, taken, wantsFree)).Verdict);

    [Fact]
    public void The_exit_code_says_settings_before_servers_before_the_rest()
    {
        Assert.Equal(ExitCodes.Ok, Code(Verdict.Ok, Verdict.Info, Verdict.Warn));
        Assert.Equal(ExitCodes.Failed, Code(Verdict.Ok, Verdict.Fail));
        Assert.Equal(ExitCodes.Unreachable, Code(Verdict.Fail, Verdict.Unreachable));
        Assert.Equal(ExitCodes.Usage, Code(Verdict.Unreachable, Verdict.Setting, Verdict.Fail));

        static int Code(params Verdict[] verdicts) =>
            CheckReport.ExitCode([.. verdicts.Select(v => new CheckResult("a", "b", v, "c"))]);
    }

    private static KafkaFacts GoodKafka(string? topic = null, Func<TopicFacts, TopicFacts>? spoil = null) => new(
        Enumerable.Range(0, 40).ToDictionary(i => i, _ => (short)9), 3,
        Topics.All.ToDictionary(t => t.Name, t => t.Name == topic ? spoil!(Good(t)) : Good(t)), null, null);

    /// <summary>A Kafka that also keeps the copies of region n, one of them as it is spoilt.</summary>
    private static KafkaFacts Mirrored(string? topic = null, Func<TopicFacts, TopicFacts>? spoil = null) => GoodKafka() with
    {
        Mirrors = [new("n", "north.")],
        Topics = GoodKafka().Topics.Concat(Topics.Mirrored.Select(
            t => KeyValuePair.Create("north." + t.Name, t.Name == topic ? spoil!(Good(t)) : Good(t)))).ToDictionary(),
    };

    private static TopicFacts Good(Topic topic) => new(topic.Partitions, 3, 3, new Dictionary<string, string>
    {
        ["cleanup.policy"] = topic.Compacted ? "compact" : "delete",
        ["retention.ms"] = topic.Compacted ? "604800000" : topic.KeptFor is { TotalMilliseconds: var kept } ? $"{kept:F0}" : "-1",
        ["retention.bytes"] = "-1",
        ["min.insync.replicas"] = "2",
        ["unclean.leader.election.enable"] = "false",
        ["flush.messages"] = "9223372036854775807",
    });

    private static TopicFacts With(TopicFacts facts, string name, string value) =>
        facts with { Settings = new Dictionary<string, string>(facts.Settings!) { [name] = value } };

    /// <param name="text">As ls shows it.</param>
    private static UnixFileMode Mode(string text) =>
        (UnixFileMode)text.Aggregate(0, (mode, letter) => (mode << 1) | (letter == '-' ? 0 : 1));
}
