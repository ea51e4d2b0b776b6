using System.Globalization;
using System.Text;
using CardShop.Contracts;
using CardShop.Local.Processes;
using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop.Secrecy;
using Npgsql;
using Xunit;

namespace CardShop.Tests.Integration.Shop;

/// <summary>
/// A shop that succeeds and fails in many ways over all three channels, at the most talkative log level; then its logs,
/// topics, queues and database are searched for everything secret that it knew. What other tests log is searched at the
/// end of the run, by <see cref="TestServers"/>.
/// </summary>
public sealed class When_secrets_are_at_work(TestServers servers)
{
    /// <summary>Short waits and breakers that never open: every call is to meet its own fault.</summary>
    private static readonly Dictionary<string, string> Settings = new()
    {
        ["Logging:LogLevel:Default"] = "Trace",
        ["Payments:CheckEverySeconds"] = "2",
        ["Payments:ResendAfterSeconds"] = "5",
        ["Payments:Resilience:CallTimeout"] = "00:00:02",
        ["Payments:Resilience:MinimumCalls"] = "10000",
    };

    [Fact]
    public async Task None_is_in_logs_topics_queues_or_the_database()
    {
        var search = new SecretSearch();
        SecretLife life;
        byte[] dump;
        List<(string Place, byte[] Bytes)> records;
        string segments;
        await using (var shop = await RunningShop.StartAsync(servers, Settings))
        {
            life = new SecretLife(shop, search);
            await life.LiveAsync();
            KnownSecrets.Add(search, shop);
            dump = await DumpAsync(shop);
            records = await RecordsAsync(shop);
            segments = shop.Broker.DataDirectory;
        }

        search.Look("the exceptions", Encoding.UTF8.GetBytes(life.Exceptions));
        search.Look("the database", dump);
        foreach (var (place, bytes) in records)
        {
            search.Look("topic " + place, bytes, IsProof(place));
        }

        var queues = Directory.GetDirectories(servers.Folder, "rabbitmq*").SelectMany(RunFiles.Everything)
            .Where(f => Path.GetFileName(f) is not ("rabbitmq.conf" or ".erlang.cookie")).ToList();
        var files = RunFiles.Everything(segments).Concat(queues).ToList();
        foreach (var file in files)
        {
            search.LookInto(Path.GetRelativePath(servers.Folder, file), file, IsProof(file));
        }

        var logs = search.LookIntoLogs(servers.Folder);
        Assert.True(logs >= 4, "the process, LogBroker, PostgreSQL and RabbitMQ have logs");
        MustHold("the log", await File.ReadAllBytesAsync(Copy(RunFiles.Console)), life.Troubled, "CardShop.Api", "Payments");
        MustHold("the database", dump, life.OrderId);
        foreach (var topic in (string[])["shop.orders.v1", "shop.payment-notifications.v1", "shop.key-batches.v1", "shop.deliveries.v1"])
        {
            Assert.Contains(records, r => r.Place == topic);
            Assert.Contains(files, f => f.Contains(topic, StringComparison.Ordinal));
        }

        MustHold(
            "the notifications", [.. records.Where(r => r.Place == Topics.PaymentNotifications.Name).SelectMany(r => r.Bytes)],
            "alipay", "wechat", "unionpay");
        if (Environment.GetEnvironmentVariable("CARDSHOP_TEST_RABBITMQ") is null)
        {
            Assert.Contains(queues, f => Holds(f, SecretLife.Marker));
        }

        TestReport.Save("secrets.txt", string.Create(
            CultureInfo.InvariantCulture,
            $"""
            {logs} logs, {dump.Length} bytes of the database, {records.Count} records, {files.Count} files of topics and queues
            found: {(search.Found.Count == 0 ? "nothing" : string.Join("; ", search.Found))}
            """));
        Assert.Empty(search.Found);
    }

    /// <summary>Whoever finds nothing must be able to find something.</summary>
    [Theory]
    [InlineData("text")]
    [InlineData("value")]
    [InlineData("exception")]
    [InlineData("console")]
    [InlineData("hex")]
    [InlineData("base64")]
    [InlineData("base64 of more")]
    public void One_that_is_logged_is_found(string way)
    {
        // Made here and thrown away: it is no secret of the run.
        var planted = $"planted-{Guid.NewGuid():N}";
        var search = new SecretSearch();
        search.Add("the planted one", planted);
        search.LookIntoLogs(servers.Folder);
        Assert.Empty(search.Found);

        var log = TestLogs.Factory.CreateLogger("Planted");
        var bytes = Encoding.UTF8.GetBytes(planted);
        switch (way)
        {
            case "text":
                PlantedLog.Text(log, planted);
                break;
            case "value":
                PlantedLog.Value(log, planted);
                break;
            case "exception":
                PlantedLog.Failure(log, new InvalidOperationException("outer", new FormatException(planted)));
                break;
            case "console":
                Console.WriteLine(planted);
                break;
            case "hex":
                PlantedLog.Text(log, Convert.ToHexStringLower(bytes));
                break;
            case "base64":
                PlantedLog.Text(log, Convert.ToBase64String(bytes));
                break;
            default:
                PlantedLog.Text(log, Convert.ToBase64String([1, .. bytes, 2, 3]));
                break;
        }

        search.LookIntoLogs(servers.Folder);
        Assert.Equal(["the planted one in run.log"], search.Found);
    }

    [Fact]
    public void One_that_a_server_logs_is_found()
    {
        var planted = $"planted-{Guid.NewGuid():N}";
        var search = new SecretSearch();
        search.Add("the planted one", planted);
        var folder = servers.NewFolder("planted");
        Directory.CreateDirectory(Path.Combine(folder, "log"));
        File.WriteAllText(folder + ".log", new string('x', 5_000_000) + planted);
        File.WriteAllText(Path.Combine(folder, "log", "crash.log.1"), planted);
        File.WriteAllText(Path.Combine(folder, "log", "00000000.log"), planted);

        search.LookIntoLogs(Path.GetDirectoryName(folder)!);

        Assert.Equal(
            ["the planted one in planted.log", "the planted one in planted/log/crash.log.1"], search.Found.Order());
    }

    /// <summary>Run by itself it must make the whole run fail, after all tests: that the last search searches.</summary>
    [Fact(Explicit = true)]
    public void One_of_the_runs_own_that_is_logged_fails_the_run()
    {
        var planted = $"planted-{Guid.NewGuid():N}";
        servers.Secrets.Add("the planted one", planted);
        PlantedLog.Text(TestLogs.Factory.CreateLogger("Planted"), planted);
    }

    /// <summary>
    /// A provider's signed notification is kept byte for byte, as the proof of its money: what it says, it says. A broker's
    /// journal holds the records of all topics; each topic's own are looked through besides.
    /// </summary>
    private static Func<string, bool> IsProof(string place) =>
        name => name == SecretLife.GenuineCardName
            && (place.Contains(Topics.PaymentNotifications.Name, StringComparison.Ordinal)
                || place.EndsWith(".journal", StringComparison.Ordinal));

    private static void MustHold(string what, byte[] bytes, params string[] texts) => Assert.All(
        texts, text => Assert.True(bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0, $"{text} is in {what}"));

    private static bool Holds(string file, string text)
    {
        var search = new SecretSearch();
        search.Add("it", text);
        search.LookInto("there", file);
        return search.Found.Count > 0;
    }

    /// <summary>A file of the run that is still being written, as it is now.</summary>
    private string Copy(string name)
    {
        var copy = servers.NewFolder("copy") + ".txt";
        using var from = new FileStream(
            Path.Combine(servers.Folder, name), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var to = File.Create(copy);
        from.CopyTo(to);
        return copy;
    }

    private static async Task<List<(string Place, byte[] Bytes)>> RecordsAsync(RunningShop shop)
    {
        var all = new List<(string, byte[])>();
        foreach (var topic in Topics.All)
        {
            foreach (var record in await shop.RecordsAsync(topic))
            {
                all.Add((topic.Name, record.Value ?? []));
                all.Add((topic.Name, Encoding.UTF8.GetBytes(record.Key ?? string.Empty)));
            }
        }

        return all;
    }

    private async Task<byte[]> DumpAsync(RunningShop shop)
    {
        var program = Directory.GetDirectories("/usr/lib/postgresql").Select(d => Path.Combine(d, "bin", "pg_dump"))
            .Where(File.Exists).Order(StringComparer.Ordinal).Last();
        var place = new NpgsqlConnectionStringBuilder(shop.Settings["Postgres:ConnectionString"]);
        var file = servers.NewFolder("dump") + ".sql";
        using var log = new RotatingLog(file + ".out");
        var code = await ChildProcess.RunAsync(
            new(
                program, "--host", place.Host!, "--port", place.Port.ToString(CultureInfo.InvariantCulture), "--username",
                place.Username!, "--no-password", "--file", file, place.Database!)
            {
                Environment = new Dictionary<string, string> { ["PGPASSWORD"] = place.Password! },
            },
            log, TimeSpan.FromMinutes(1), TimeProvider.System, CancellationToken.None);
        Assert.Equal(0, code);
        return await File.ReadAllBytesAsync(file);
    }
}
