using System.Net;
using System.Net.Sockets;
using System.Text;
using CardShop.Pipeline.Bus;
using CardShop.Pipeline.Log;
using CardShop.Shop.Orders;
using CardShop.Shopctl.Preflight;
using CardShop.Telemetry;
using Confluent.Kafka;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace CardShop.Tests.Unit.Deployment;

/// <summary>What containers and clusters ask of the programs: secrets as files, addresses beyond loopback, a health check without tools.</summary>
public sealed class When_a_program_runs_in_a_container : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cardshop-container").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Kafka_is_spoken_to_in_the_clear_where_no_file_is_named()
    {
        Assert.Null(KafkaTls.From(_ => null));
        Assert.Null(new ProducerConfig().Over(null).SecurityProtocol);
    }

    [Fact]
    public void Kafka_is_spoken_to_over_tls_with_the_files_that_are_named()
    {
        var tls = KafkaTls.From(name => "/run/" + name);
        var config = new ConsumerConfig().Over(tls);

        Assert.Equal(SecurityProtocol.Ssl, config.SecurityProtocol);
        Assert.Equal(("/run/CaFile", "/run/CertificateFile", "/run/KeyFile"), (config.SslCaLocation, config.SslCertificateLocation, config.SslKeyLocation));
    }

    [Theory]
    [InlineData("KeyFile", "belong together")]
    [InlineData("CertificateFile", "belong together")]
    [InlineData("CaFile", "Kafka__Tls__CaFile is missing")]
    public void Half_of_the_files_is_refused(string missing, string said) => Assert.Contains(
        said, Assert.Throws<InvalidOperationException>(() => KafkaTls.From(n => n == missing ? null : "x")).Message, StringComparison.Ordinal);

    [Fact]
    public void RabbitMqs_password_comes_from_a_file()
    {
        var file = Path.Combine(_folder, "password");
        File.WriteAllText(file, "p@ss/word\n");

        Assert.Equal("amqp://shop:p%40ss%2Fword@rabbit:5672/", RabbitSettings.WithPassword(new("amqp://shop@rabbit:5672/"), file).AbsoluteUri);
        Assert.Equal("amqp://shop:x@rabbit/", RabbitSettings.WithPassword(new("amqp://shop:x@rabbit/"), null).AbsoluteUri);
        Assert.Throws<InvalidOperationException>(() => RabbitSettings.WithPassword(new("amqp://shop@rabbit/"), file + "2"));
        Assert.Throws<InvalidOperationException>(() => RabbitSettings.WithPassword(new("amqp://rabbit/"), file));
    }

    [Fact]
    public void Month_keys_are_made_ahead_and_none_twice()
    {
        ShopSecrets.Create(_folder);
        var now = new DateTimeOffset(2026, 11, 30, 23, 59, 0, TimeSpan.Zero);

        Assert.Equal(["contact-2026-11", "contact-2026-12", "contact-2027-01"], ShopSecrets.AddMonthKeys(_folder, now, 2));
        var key = File.ReadAllText(Path.Combine(_folder, "contact-2027-01"));
        Assert.Equal(["contact-2027-02"], ShopSecrets.AddMonthKeys(_folder, now, 3));
        Assert.Equal(key.Trim(), Convert.ToHexStringLower(ShopSecrets.Open(_folder).MonthKey(now.AddMonths(2))));
    }

    [Fact]
    public void A_volume_of_the_cluster_belongs_to_its_group_and_to_nobody_else()
    {
        const UnixFileMode Group = UnixFileMode.UserRead | UnixFileMode.GroupRead;
        var mounted = new SecretsFacts("secrets", Group | UnixFileMode.OtherRead, [new("kek-1", Group)], null, null, [], IsMounted: true);
        var production = new PreflightMode(Local: false, Before: false, Replication: 3);

        Assert.DoesNotContain(HostRules.Secrets(mounted, production), r => r.Verdict == Verdict.Fail);
        Assert.Contains(HostRules.Secrets(mounted with { IsMounted = false }, production), r => r.Verdict == Verdict.Fail);
        Assert.Contains(
            HostRules.Secrets(mounted with { Files = [new("kek-1", Group | UnixFileMode.OtherRead)] }, production), r => r.Verdict == Verdict.Fail);
    }

    [Theory]
    [InlineData(null, null, null)]
    [InlineData("9464", null, "http://127.0.0.1:9464")]
    [InlineData("9464", "*", "http://*:9464")]
    public void Metrics_are_shown_beyond_this_machine_only_where_it_is_said(string? port, string? host, string? url) => Assert.Equal(
        url, TelemetrySettings.UrlOf(new ConfigurationBuilder().AddInMemoryCollection(
            new Dictionary<string, string?> { ["Metrics:Port"] = port, ["Metrics:Host"] = host }).Build()));

    [Fact]
    public void A_program_is_asked_only_by_the_word_and_an_address()
    {
        Assert.Equal("/healthz/live", HealthProbe.AddressOf(["health", "http://127.0.0.1:8080/healthz/live"])?.AbsolutePath);
        Assert.Null(HealthProbe.AddressOf(["--fleet", "orders"]));
        Assert.Null(HealthProbe.AddressOf(["health", "8080"]));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK", 0)]
    [InlineData("HTTP/1.1 503 Service Unavailable", 1)]
    [InlineData("", 1)]
    public async Task Its_health_is_what_it_answers(string status, int code)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var asked = HealthProbe.AskAsync(new($"http://{listener.LocalEndpoint}/healthz/live"));
        using (var client = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken))
        {
            using var reader = new StreamReader(client.GetStream(), leaveOpen: true);
            Assert.Equal("GET /healthz/live HTTP/1.0", await reader.ReadLineAsync(TestContext.Current.CancellationToken));
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(status + "\r\n\r\n"), TestContext.Current.CancellationToken);
        }

        Assert.Equal(code, await asked);
        listener.Stop();
        Assert.Equal(1, await HealthProbe.AskAsync(new("http://127.0.0.1:1/")));
    }
}
