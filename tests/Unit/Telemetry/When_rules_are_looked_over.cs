using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using CardShop.Api;
using CardShop.Fleet;
using CardShop.Fleet.Mirror;
using CardShop.LogBroker;
using CardShop.Pipeline.Telemetry;
using CardShop.Shop.Telemetry;
using CardShop.Telemetry;
using CardShop.Tests.Unit.Partners;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;
using YamlDotNet.Serialization;

namespace CardShop.Tests.Unit.Telemetry;

/// <summary>Rules, dashboards and runbooks speak of things that exist.</summary>
public sealed partial class When_rules_are_looked_over
{
    /// <summary>What Prometheus, ASP.NET Core and the runtime bring.</summary>
    private static readonly string[] Framework =
    [
        "up", "ALERTS", "http_server_request_duration_seconds", "http_server_active_requests", "kestrel_active_connections", "dotnet_process_cpu_time_seconds_total",
        "dotnet_process_memory_working_set_bytes", "dotnet_gc_pause_time_seconds_total", "dotnet_thread_pool_threads",
        // CloudNativePG's, of its backups and standbys; Strimzi's and RabbitMQ's.
        "cnpg_collector_last_available_backup_timestamp", "cnpg_pg_replication_streaming_replicas",
        "kafka_server_replicamanager_underreplicatedpartitions", "rabbitmq_build_info",
        // Of the cluster: kubelet, kube-state-metrics, the blackbox exporter, cert-manager.
        "kubelet_volume_stats_available_bytes", "kubelet_volume_stats_capacity_bytes", "kube_job_status_failed", "kube_job_status_start_time",
        "kube_cronjob_status_last_successful_time", "probe_success", "probe_ssl_earliest_cert_expiry",
        "certmanager_certificate_expiration_timestamp_seconds",
        // MirrorMaker 2's, as Strimzi's reporter names them.
        "kafka_connect_mirror_mirrorsourceconnector_replication_latency_ms_max", "kafka_consumer_consumer_fetch_manager_metrics_fetch_rate",
        "kafka_connect_connect_worker_metrics_connector_failed_task_count",
    ];

    private static string Monitoring => Repository.Folder("k8s", "monitoring");

    [Fact]
    public async Task Promtool_agrees_with_every_rule()
    {
        var (code, said) = await Promtool.RunAsync(["check", "rules", .. RuleFiles()]);
        Assert.True(code == 0, said);
    }

    [Fact]
    public async Task Promtools_tests_of_the_rules_pass()
    {
        var (code, said) = await Promtool.RunAsync(["test", "rules", .. Files("tests", "*.yaml")]);
        Assert.True(code == 0, said);
    }

    [Fact]
    public void Every_alert_is_tested()
    {
        var tested = string.Concat(Files("tests", "*.yaml").Select(File.ReadAllText));
        Assert.Empty(Alerts().Where(a => !tested.Contains($"alertname=\"{a.Name}\"", StringComparison.Ordinal)).Select(a => a.Name));
    }

    [Fact]
    public void Every_alert_has_a_severity_a_text_and_a_runbook()
    {
        foreach (var alert in Alerts())
        {
            Assert.Contains(alert.Labels["severity"], alert.Name == "Heartbeat" ? ["heartbeat"] : new[] { "P0", "P1", "P2" });
            Assert.NotEmpty(alert.Annotations["summary"]);
            Assert.NotEmpty(alert.Annotations["description"]);
            Assert.True(File.Exists(Repository.Folder(alert.Annotations["runbook_url"].Split('/'))), alert.Annotations["runbook_url"]);
        }
    }

    [Fact]
    public void Every_runbook_belongs_to_an_alert()
    {
        var named = Alerts().Select(a => Path.GetFileName(a.Annotations["runbook_url"])).ToHashSet();
        // Those of plans and processes are written small.
        Assert.Empty(Runbooks().Select(f => Path.GetFileName(f)!).Where(f => char.IsAsciiLetterUpper(f[0])).Except(named));
    }

    [Fact]
    public void Every_metric_of_a_rule_or_a_dashboard_is_exported()
    {
        var known = KnownMetrics();
        Assert.Empty(Rules().Select(r => r.Expression).Concat(Dashboards()).SelectMany(MetricsOf).Where(m => !known(m)).Distinct());
    }

    [Fact]
    public void Every_metric_of_ours_is_watched_or_shown()
    {
        var used = Rules().Select(r => r.Expression).Concat(Dashboards()).SelectMany(MetricsOf)
            .SelectMany(m => new[] { m, HistogramPart().Replace(m, string.Empty) }).ToHashSet();
        Assert.Empty(Exported().Where(m => m.StartsWith("cardshop_", StringComparison.Ordinal)).Except(used).Except(["cardshop_stock_drift"]));
    }

    [Fact]
    public void Metrics_are_found_in_expressions() => Assert.Equal(
        ["a_total", "b:c:rate5m", "d_bucket"],
        MetricsOf("sum by (le, channel) (rate(a_total{x=\"y z\"}[5m])) / on (directory) b:c:rate5m and max(d_bucket) > 0.05 or vector(0)"));

    /// <summary>Names of metrics: what is no function, keyword, label or number.</summary>
    internal static IEnumerable<string> MetricsOf(string expression)
    {
        var bare = Grouping().Replace(Selector().Replace(Quoted().Replace(expression, " "), " "), " ");
        return Name().Matches(bare).Select(m => m.Value)
            .Where(n => n is not ("and" or "or" or "unless" or "on" or "by" or "bool")).Distinct();
    }

    /// <summary>Whether a metric's name, or a histogram's part, is exported or recorded.</summary>
    internal static Func<string, bool> KnownMetrics()
    {
        var known = Exported().Concat(Framework).Concat(Recorded()).ToHashSet();
        return metric => known.Contains(metric) || known.Contains(HistogramPart().Replace(metric, string.Empty));
    }

    private static SortedSet<string> Exported()
    {
        var names = new SortedSet<string>();
        foreach (var type in new[] { typeof(PipelineMeter), typeof(ShopMeter), typeof(ApiMeter), typeof(BrokerMeter) })
        {
            RuntimeHelpers.RunClassConstructor(type.TypeHandle);
        }

        using var meter = new Meter("CardShop.Looked.Over");
        SurveyMetrics.Observe(
            meter, new(null!, null!, null!, null!, [], TimeSpan.FromSeconds(1), TimeProvider.System, NullLogger<Surveyor>.Instance),
            TimeProvider.System);
        FleetMetrics.Observe(meter, null!, []);
        MirrorMetrics.Observe(meter, null!, "a");
        using var providers = new Providers(new("test", Push: false, new Dictionary<string, string>()));
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name.StartsWith("CardShop.", StringComparison.Ordinal))
                {
                    names.Add(PrometheusName.Of(instrument.Name, instrument.Unit, IsCounter(instrument)));
                }
            },
        };
        listener.Start();
        return names;
    }

    private static bool IsCounter(Instrument instrument) => instrument is Counter<long> or Counter<double> or ObservableCounter<long>;

    private static IEnumerable<string> Recorded() => Rules().Where(r => r.Record is not null).Select(r => r.Record!);

    private static IEnumerable<Rule> Alerts() => Rules().Where(r => r.Name is not null);

    private static IReadOnlyList<Rule> Rules()
    {
        var reader = new DeserializerBuilder().Build();
        var rules = new List<Rule>();
        foreach (var file in RuleFiles())
        {
            var document = (Dictionary<object, object>)reader.Deserialize(File.ReadAllText(file))!;
            foreach (var rule in ((List<object>)document["groups"]).Cast<Dictionary<object, object>>()
                .SelectMany(g => (List<object>)g["rules"]).Cast<Dictionary<object, object>>())
            {
                rules.Add(new(
                    rule.GetValueOrDefault("alert") as string, rule.GetValueOrDefault("record") as string, (string)rule["expr"],
                    Texts(rule, "labels"), Texts(rule, "annotations")));
            }
        }

        Assert.NotEmpty(rules);
        return rules;
    }

    private static Dictionary<string, string> Texts(Dictionary<object, object> rule, string name) =>
        (rule.GetValueOrDefault(name) as Dictionary<object, object>)?.ToDictionary(p => (string)p.Key, p => (string)p.Value) ?? [];

    private static IEnumerable<string> Dashboards()
    {
        foreach (var file in Files("dashboards", "*.json"))
        {
            using var document = JsonDocument.Parse(File.ReadAllText(file));
            foreach (var panel in document.RootElement.GetProperty("panels").EnumerateArray())
            {
                foreach (var target in panel.GetProperty("targets").EnumerateArray())
                {
                    yield return target.GetProperty("expr").GetString()!;
                }
            }
        }
    }

    private static string[] Files(string folder, string pattern) =>
        [.. Directory.GetFiles(Path.Combine(Monitoring, folder), pattern).Order(StringComparer.Ordinal)];

    /// <summary>Those of every shop, and those that only a cluster can tell.</summary>
    private static IEnumerable<string> RuleFiles() => Files("rules", "*.yaml").Concat(Files("cluster", "*.yaml"));

    private static string[] Runbooks() => Directory.GetFiles(Repository.Folder("k8s", "runbooks"), "*.md");

    private sealed record Rule(
        string? Name, string? Record, string Expression, IReadOnlyDictionary<string, string> Labels,
        IReadOnlyDictionary<string, string> Annotations);

    [GeneratedRegex("\"[^\"]*\"")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"\{[^}]*\}|\[[^\]]*\]")]
    private static partial Regex Selector();

    [GeneratedRegex(@"\b(by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)")]
    private static partial Regex Grouping();

    [GeneratedRegex(@"(?<![\w:.])[A-Za-z_:][A-Za-z0-9_:]*(?![\w:]*\s*\()")]
    private static partial Regex Name();

    [GeneratedRegex("_(bucket|sum|count)$")]
    private static partial Regex HistogramPart();
}
