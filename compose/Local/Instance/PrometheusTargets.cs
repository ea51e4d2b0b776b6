using System.Globalization;
using System.Text;

namespace CardShop.Local.Instance;

/// <summary>What a Prometheus scrapes of an instance on this machine; it is written out at every start.</summary>
public static class PrometheusTargets
{
    /// <summary>The parts that serve /metrics: job, part, and the name of the port in the book.</summary>
    public static readonly IReadOnlyList<(string Job, string Part, string Port)> Parts =
    [
        ("cardshop-api", "api", "api"),
        ("cardshop-fleet", "fleet-orders", "fleet-orders"),
        ("cardshop-fleet", "fleet-payments", "fleet-payments"),
        ("cardshop-fleet", "fleet-delivery", "fleet-delivery"),
        ("cardshop-fleet", "fleet-notifications", "fleet-notifications"),
        ("cardshop-logbroker", "logbroker", "logbroker-metrics"),
        ("cardshop-sandbox", "sandbox", "sandbox"),
    ];

    /// <summary>The text of a prometheus.yml with the rules of k8s/monitoring.</summary>
    public static string Of(InstanceLayout layout, PortBook ports)
    {
        var text = new StringBuilder();
        text.Append("# Written at every start: prometheus --config.file=THIS --storage.tsdb.path=FOLDER\n");
        text.Append("global:\n  scrape_interval: 5s\n  evaluation_interval: 5s\n");
        text.Append(CultureInfo.InvariantCulture, $"rule_files:\n  - '{Path.Combine(layout.Root, "k8s", "monitoring", "rules")}/*.yaml'\n");
        text.Append("scrape_configs:\n");
        foreach (var job in Parts.GroupBy(p => p.Job))
        {
            text.Append(CultureInfo.InvariantCulture, $"  - job_name: {job.Key}\n    static_configs:\n");
            foreach (var (_, part, port) in job)
            {
                text.Append(CultureInfo.InvariantCulture, $"      - targets: ['127.0.0.1:{ports[port]}']\n        labels: {{ part: {part} }}\n");
            }
        }

        return text.ToString();
    }
}
