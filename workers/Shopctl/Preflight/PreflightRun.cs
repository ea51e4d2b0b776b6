using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Preflight;

/// <summary>
/// All collectors at once, each with a limit of its own: an absent server is a line of the report and holds up no other.
/// </summary>
internal sealed class PreflightRun(
    Session session, ShopServers servers, PreflightMode mode, IReadOnlyList<int> ports, IReadOnlyList<string> folders)
{
    private const int DefaultApiPort = 8080;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(4);

    private readonly ShopctlSettings _settings = session.Settings;

    public async Task<IReadOnlyList<CheckResult>> RunAsync(CancellationToken cancellation)
    {
        var parts = await Task.WhenAll(
            Task.FromResult<IReadOnlyList<CheckResult>>([HostRules.Net(Environment.Version)]),
            GuardAsync("PostgreSQL", () => (_settings.PostgresPlace, ShopctlSettings.PostgresName), PostgresAsync, cancellation),
            GuardAsync("Kafka", () => (_settings.Kafka, ShopctlSettings.KafkaName), KafkaAsync, cancellation),
            GuardAsync("RabbitMQ", () => (_settings.RabbitPlace, ShopctlSettings.RabbitName), RabbitAsync, cancellation),
            GuardAsync(
                "secrets", () => (_settings.SecretsDirectory, ShopctlSettings.SecretsName),
                _ => Task.FromResult(Secrets()), cancellation),
            GuardAsync(
                "payment channels", () => ("their settings", "Channels__…"),
                stop => ChannelCollector.AskAsync(_settings, session.Time, stop), cancellation),
            GuardAsync("shop", () => ("this machine", ShopctlSettings.ApiName), ShopAsync, cancellation),
            GuardAsync(
                "certificates", () => ("their files", "Channels__…"), _ => Task.FromResult(Certificates()), cancellation),
            GuardAsync("disk", () => ("this machine", "--folder"), _ => Task.FromResult(Disks()), cancellation));
        return [.. parts.SelectMany(p => p)];
    }

    private static async Task<IReadOnlyList<CheckResult>> GuardAsync(
        string area, Func<(string Place, string Setting)> place,
        Func<CancellationToken, Task<IReadOnlyList<CheckResult>>> work, CancellationToken cancellation)
    {
        (string Place, string Setting) where = (string.Empty, string.Empty);
        try
        {
            where = place();
            return await work(cancellation).WaitAsync(Limit, cancellation);
        }
        catch (ShopctlException e)
        {
            return
            [
                new(
                    area, e.ExitCode == ExitCodes.Unreachable ? "reachable" : "settings",
                    e.ExitCode == ExitCodes.Unreachable ? Verdict.Unreachable : Verdict.Setting, e.Message),
            ];
        }
        catch (Exception e) when (ShopServers.IsAbsence(e))
        {
            return
            [
                new(
                    area, "reachable", Verdict.Unreachable,
                    ShopServers.Unreachable(
                        area, where.Place, where.Setting, e is TimeoutException ? "no answer within 4 s" : e.Message)),
            ];
        }
    }

    private async Task<IReadOnlyList<CheckResult>> PostgresAsync(CancellationToken cancellation)
    {
        var (facts, clock, data) = await PostgresCollector.AskAsync(servers, cancellation);
        return
        [
            .. PostgresRules.Judge(facts, mode), HostRules.Clock(clock),
            .. data is not null && Directory.Exists(data) && HostCollector.Disk("PostgreSQL's data", data) is { } disk
                ? [HostRules.Disk(disk)]
                : (CheckResult[])[],
        ];
    }

    private async Task<IReadOnlyList<CheckResult>> KafkaAsync(CancellationToken cancellation)
    {
        var (facts, folders) = await KafkaCollector.AskAsync(_settings, mode.Replication, cancellation);
        return
        [
            .. KafkaRules.Judge(facts, mode), .. MirrorRules.Judge(facts, mode),
            .. (folders?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [])
                .Where(Directory.Exists).Take(8).Select(f => HostCollector.Disk("Kafka's data", f)).OfType<DiskFacts>()
                .Select(HostRules.Disk),
        ];
    }

    private async Task<IReadOnlyList<CheckResult>> RabbitAsync(CancellationToken cancellation)
    {
        var results = RabbitRules.Judge(await RabbitCollector.AskAsync(servers, cancellation), mode).ToList();
        if (_settings.Rabbit is { Scheme: "amqps" } uri)
        {
            var port = uri.Port > 0 ? uri.Port : 5671;
            results.Add(HostRules.Certificate(
                await HostCollector.OfServerAsync("RabbitMQ", uri.Host, port, cancellation), session.Time.GetUtcNow()));
        }

        return results;
    }

    private IReadOnlyList<CheckResult> Secrets() =>
        [.. HostRules.Secrets(HostCollector.Secrets(_settings.SecretsDirectory), mode)];

    private IReadOnlyList<CheckResult> Certificates() =>
        [.. HostCollector.Certificates(_settings.Configuration()).Select(c => HostRules.Certificate(c, session.Time.GetUtcNow()))];

    private IReadOnlyList<CheckResult> Disks()
    {
        var named = folders.Select(f => ("folder", (string?)f))
            .Append(("secrets", _settings.Optional(ShopctlSettings.SecretsName)))
            .Append(("archive", _settings.Optional("Archive__Directory")))
            .Append(("backups", _settings.Optional("Backup__Directory")))
            .Append(("this folder", Environment.CurrentDirectory));
        return
        [
            .. named.Where(n => n.Item2 is not null).Select(n => HostCollector.Disk(n.Item1, n.Item2!)).OfType<DiskFacts>()
                .Select(HostRules.Disk),
        ];
    }

    /// <summary>The shop's own address: to be free before it is installed, to answer afterwards.</summary>
    private async Task<IReadOnlyList<CheckResult>> ShopAsync(CancellationToken cancellation)
    {
        var api = _settings.OptionalAddress(ShopctlSettings.ApiName);
        var results = ports.Select(p => Port("port", p)).ToList();
        if (mode.Before)
        {
            results.Add(Port("the shop's API", api is { IsLoopback: true } ? api.Port : DefaultApiPort));
            return results;
        }

        if (api is null)
        {
            return results;
        }

        using var http = ChannelCollector.Client();
        try
        {
            using var answer = await http.GetAsync(new Uri(api, "/healthz/ready"), cancellation);
            results.Add(answer.IsSuccessStatusCode
                ? new("shop", "ready", Verdict.Ok, $"{api.Authority} takes orders")
                : new(
                    "shop", "ready", Verdict.Warn, await answer.Content.ReadAsStringAsync(cancellation), "Look into the API's log."));
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !cancellation.IsCancellationRequested)
        {
            results.Add(new(
                "shop", "ready", Verdict.Warn, $"{api.Authority} (setting {ShopctlSettings.ApiName}) does not answer: {e.Message}",
                "Start the API. Before an installation: shopctl preflight --before"));
        }

        if (api.Scheme == "https")
        {
            results.Add(HostRules.Certificate(
                await HostCollector.OfServerAsync("shop", api.Host, api.Port, cancellation), session.Time.GetUtcNow()));
        }

        return results;
    }

    private CheckResult Port(string what, int port) =>
        HostRules.Port(new(what, port, HostCollector.IsTaken(port), mode.Before));
}
