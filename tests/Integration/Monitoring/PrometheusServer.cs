using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using CardShop.Local.Parts;

namespace CardShop.Tests.Integration.Monitoring;

/// <summary>
/// Debian's Prometheus with the rules of k8s/monitoring: every threshold as it stands, every duration divided by thirty,
/// so that what takes minutes at night takes seconds here.
/// </summary>
internal sealed partial class PrometheusServer : IAsyncDisposable
{
    private const int Faster = 30;

    private readonly Process _process;
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(5) };
    private readonly Uri _url;

    private PrometheusServer(Process process, Uri url)
    {
        _process = process;
        _url = url;
    }

    /// <param name="rules">The folder of the rules.</param>
    /// <param name="folder">An empty place for its configuration and data.</param>
    /// <param name="targets">Job and address of every page.</param>
    public static async Task<PrometheusServer> StartAsync(
        string rules, string folder, IReadOnlyList<(string Job, Uri Page)> targets)
    {
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.GetFiles(rules, "*.yaml"))
        {
            await File.WriteAllTextAsync(Path.Combine(folder, Path.GetFileName(file)), Shorten(await File.ReadAllTextAsync(file)));
        }

        var text = new StringBuilder("global: { scrape_interval: 1s, evaluation_interval: 1s, scrape_timeout: 1s }\n");
        text.Append(CultureInfo.InvariantCulture, $"rule_files: ['{folder}/*.yaml']\nscrape_configs:\n");
        foreach (var (job, page) in targets)
        {
            text.Append(CultureInfo.InvariantCulture, $"  - job_name: {job}\n    static_configs: [{{ targets: ['{page.Authority}'] }}]\n");
        }

        await File.WriteAllTextAsync(Path.Combine(folder, "prometheus.yml"), text.ToString());
        var port = FreePorts.Pick();
        var process = Process.Start(new ProcessStartInfo(
            "prometheus",
            [
                $"--config.file={folder}/prometheus.yml", $"--storage.tsdb.path={folder}/data",
                string.Create(CultureInfo.InvariantCulture, $"--web.listen-address=127.0.0.1:{port}"), "--log.level=error",
            ]))!;
        return new(process, new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}")));
    }

    /// <summary>Names of the alerts that fire now; empty while it does not answer yet.</summary>
    public async Task<IReadOnlyList<string>> FiringAsync()
    {
        using var document = await AskAsync("/api/v1/alerts");
        return document is null ? [] :
        [
            .. document.RootElement.GetProperty("data").GetProperty("alerts").EnumerateArray()
                .Where(a => a.GetProperty("state").GetString() == "firing")
                .Select(a => a.GetProperty("labels").GetProperty("alertname").GetString()!).Distinct(),
        ];
    }

    /// <summary>The health of every target that is scraped: <c>up</c>, or what is wrong with its page.</summary>
    public async Task<IReadOnlyList<string>> TargetsAsync()
    {
        using var document = await AskAsync("/api/v1/targets");
        return document is null ? [] :
        [
            .. document.RootElement.GetProperty("data").GetProperty("activeTargets").EnumerateArray()
                .Select(t => t.GetProperty("health").GetString() + t.GetProperty("lastError").GetString()),
        ];
    }

    /// <summary>Durations after <c>for:</c>, <c>interval:</c> and in brackets; never below two seconds in brackets, two scrapes.</summary>
    internal static string Shorten(string rules) => Duration().Replace(rules, match =>
    {
        var seconds = double.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture)
            * match.Groups[3].Value switch { "s" => 1, "m" => 60, "h" => 3_600, _ => 86_400 };
        var least = match.Groups[1].Value == "[" ? 4 : 1;
        return match.Groups[1].Value + string.Create(
            CultureInfo.InvariantCulture, $"{Math.Max(least, (int)Math.Ceiling(seconds / Faster))}s") + match.Groups[4].Value;
    });

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private async Task<JsonDocument?> AskAsync(string path)
    {
        try
        {
            return JsonDocument.Parse(await _http.GetStringAsync(new Uri(_url, path)));
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    [GeneratedRegex(@"(\[|for: |interval: )(\d+)([smhd])(\]?)")]
    private static partial Regex Duration();
}
