using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using CardShop.Fleet;
using CardShop.Local.Parts;
using CardShop.Tests.Unit.Partners;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace CardShop.Tests.Unit.Deployment;

/// <summary>compose.yaml and the Dockerfile, as far as they can be looked over without an engine.</summary>
public sealed partial class When_containers_are_composed
{
    private static readonly string Compose = Repository.Folder("compose");
    private static readonly string Dockerfile = File.ReadAllText(Path.Combine(Compose, "Dockerfile"));
    private static readonly JsonObject Shop = Yaml.Document(Path.Combine(Compose, "compose.yaml"));
    private static readonly IReadOnlyDictionary<string, JsonNode> Services =
        Shop["services"]!.AsObject().ToDictionary(s => s.Key, s => s.Value!);

    public static TheoryData<string, string> Published => new()
    {
        { "compose.yaml", "docs/compose/compose-spec.json" },
        { "config/prometheus.yml", "docs/prometheus/prometheus.json" },
        { "config/alertmanager.yml", "docs/prometheus/prometheus-alertmanager.json" },
    };

    [Theory]
    [MemberData(nameof(Published))]
    public async Task The_file_is_valid_by_its_published_schema(string file, string schema) => Assert.Empty(
        await SchemaCheck.OfAsync(file, schema, Yaml.Document(Path.Combine([Compose, .. file.Split('/')]))));

    [Fact]
    public async Task A_mistyped_key_is_found_where_the_schema_is()
    {
        var broken = (JsonObject)Shop.DeepClone();
        broken["services"]!["kafka"]!["imaged"] = "apache/kafka";
        Assert.NotEmpty(await SchemaCheck.OfAsync("compose.yaml", "docs/compose/compose-spec.json", broken));
    }

    [Fact]
    public void Nothing_is_shown_to_the_network() => Assert.All(
        Services.SelectMany(s => s.Value.Each("ports").Select(p => p.ToString())),
        port => Assert.StartsWith("127.0.0.1:", port, StringComparison.Ordinal));

    [Fact]
    public void Whatever_is_named_is_there()
    {
        var missing = new List<string>();
        foreach (var (name, service) in Services)
        {
            missing.AddRange((service.At("depends_on") as JsonObject)?.Select(d => d.Key).Where(d => !Services.ContainsKey(d)) ?? []);
            missing.AddRange(service.Each("secrets").Select(s => s.Text("source") ?? s.ToString()).Where(s => Shop.At("secrets|" + s) is null));
            foreach (var volume in service.Each("volumes").Select(v => v.ToString().Split(':')[0]))
            {
                if (volume[0] == '.' ? !Path.Exists(Path.Combine(Compose, volume)) : Shop["volumes"]!.AsObject().All(v => v.Key != volume))
                {
                    missing.Add($"{name}: volume {volume}");
                }
            }

            if (service.Text("network_mode") is { } shared && !Services.ContainsKey(shared.Split(':')[1]))
            {
                missing.Add($"{name}: {shared}");
            }

            if (service.Text("build|target") is { } target && !Regex.IsMatch(Dockerfile, $"AS {target}$", RegexOptions.Multiline))
            {
                missing.Add($"{name}: no target {target}");
            }
        }

        Assert.Empty(missing);
    }

    [Theory]
    [InlineData("minimal", new[] { "kafka", "rabbitmq", "postgres", "migrate", "sandbox", "api", "fleet" })]
    [InlineData("full", new[]
    {
        "kafka", "rabbitmq", "postgres", "migrate", "sandbox", "api-1", "api-2", "haproxy", "fleet-orders", "fleet-payments",
        "fleet-delivery", "fleet-notifications", "prometheus", "alertmanager", "grafana",
    })]
    public void A_profile_is_whole(string profile, string[] parts)
    {
        var started = Services.Where(s => s.Value.Each("profiles").Any(p => p.ToString() == profile)).ToDictionary();
        Assert.Equal(parts.Order(), started.Keys.Order());
        Assert.Empty(started.Values.SelectMany(s => (s.At("depends_on") as JsonObject)?.Select(d => d.Key) ?? []).Except(started.Keys));
    }

    [Fact]
    public void Programs_are_ordinary_users_without_rights_on_a_file_system_that_they_cannot_write()
    {
        foreach (var (name, service) in Services.Where(s => s.Value.Text("image")!.StartsWith("cardshop/", StringComparison.Ordinal)))
        {
            Assert.True(service.Text("read_only") == "true" && service.Text("cap_drop|0") == "ALL", name);
            Assert.Contains("no-new-privileges:true", service.Each("security_opt").Select(o => o.ToString()));
        }

        Assert.Matches("^USER [1-9][0-9]*:[1-9][0-9]*$", Dockerfile.Split('\n').Single(l => l.StartsWith("USER ", StringComparison.Ordinal)));
    }

    [Fact]
    public void Every_setting_is_read_by_a_program_and_no_password_is_among_them()
    {
        foreach (var (name, value) in Services.Where(s => s.Value.Text("image")!.StartsWith("cardshop/", StringComparison.Ordinal))
            .SelectMany(s => s.Value.Map("environment")))
        {
            Assert.True(KnownSettings.Has(name), name);
            Assert.DoesNotMatch("[Pp]assword=|://[^/@]+:[^/@]+@", value);
        }

        foreach (Match variable in EnvironmentLine().Matches(Dockerfile))
        {
            Assert.True(KnownSettings.Has(variable.Groups[1].Value) || variable.Groups[1].Value.StartsWith("DOTNET_", StringComparison.Ordinal)
                || variable.Groups[1].Value is "NUGET_PACKAGES" or "MSBUILDDISABLENODEREUSE", variable.Value);
        }
    }

    /// <summary>A name that is written another way is passed over in silence.</summary>
    [Fact]
    public void The_runtime_is_set_up_as_on_a_developers_machine_under_names_that_it_knows()
    {
        var runtime = File.ReadAllBytes(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "libcoreclr.so"));
        foreach (var (name, value) in RuntimeSettings.Usual)
        {
            Assert.Contains($" {name}={value} ", Dockerfile, StringComparison.Ordinal);
            Assert.True(
                name.StartsWith("MALLOC_", StringComparison.Ordinal)
                || runtime.AsSpan().IndexOf(Encoding.ASCII.GetBytes(name["DOTNET_".Length..] + '\0')) >= 0, name);
        }
    }

    [Fact]
    public void The_fleets_would_start_with_their_settings()
    {
        foreach (var (_, service) in Services.Where(s => s.Value.Text("image")!.StartsWith("cardshop/fleet", StringComparison.Ordinal)))
        {
            var settings = service.Map("environment").Where(v => v.Key != "RabbitMq__PasswordFile")
                .ToDictionary(v => v.Key.Replace("__", ":", StringComparison.Ordinal), v => (string?)v.Value);
            var read = FleetSettings.From(new ConfigurationBuilder().AddInMemoryCollection(settings)
                .AddCommandLine([.. service.Each("command").Select(c => c.ToString())]).Build());
            Assert.Equal(["alipay", "unionpay", "wechat"], read.Shop.Channels!.Keys.Order());
        }
    }

    [Fact]
    public void Who_is_scraped_and_proxied_exists_and_listens_there()
    {
        var prometheus = Yaml.Document(Path.Combine(Compose, "config", "prometheus.yml"));
        var ports = ExposedPorts();
        foreach (var target in prometheus.Each("scrape_configs").SelectMany(c => c.Each("static_configs")).SelectMany(c => c.Each("targets")).Select(t => t.ToString().Split(':')))
        {
            var service = Services[target[0]];
            var guests = Services.Values.Where(s => s.Text("network_mode") == "service:" + target[0]).Append(service);
            Assert.True(
                target[0] == "rabbitmq" || guests.Any(g => ports[g.Text("build|target")!].Contains(target[1])), string.Join(':', target));
        }

        foreach (Match server in Server().Matches(File.ReadAllText(Path.Combine(Compose, "config", "haproxy.cfg"))))
        {
            Assert.Contains(server.Groups[2].Value, ports[Services[server.Groups[1].Value].Text("build|target")!]);
        }

        Assert.Contains("http-request del-header X-Forwarded-For", File.ReadAllText(Path.Combine(Compose, "config", "haproxy.cfg")), StringComparison.Ordinal);
    }

    [Fact]
    public void Alerts_that_are_held_back_exist()
    {
        var rules = string.Concat(Directory.GetFiles(Repository.Folder("k8s", "monitoring", "rules"), "*.yaml").Select(File.ReadAllText));
        var named = Alert().Matches(File.ReadAllText(Path.Combine(Compose, "config", "alertmanager.yml")))
            .SelectMany(m => m.Groups[1].Value.Split('|')).ToList();
        Assert.NotEmpty(named);
        Assert.All(named, n => Assert.Contains($"alert: {n}\n", rules, StringComparison.Ordinal));
    }

    /// <summary>What a project refers to must have been copied before it is restored and published.</summary>
    [Fact]
    public void The_image_is_built_of_files_that_exist_and_every_project_that_is_needed()
    {
        var copied = Copy().Matches(Dockerfile).SelectMany(m => m.Groups[1].Value.Split(' ')[..^1]).ToList();
        Assert.All(copied, c => Assert.True(Path.Exists(Repository.Folder(c.Split('/'))), c));
        var needed = new Queue<string>(Publish().Matches(Dockerfile).Select(m => m.Groups[1].Value + ".csproj"));
        var seen = new HashSet<string>();
        Assert.NotEmpty(needed);
        while (needed.TryDequeue(out var project))
        {
            if (seen.Add(project))
            {
                Assert.Contains(project, copied);
                foreach (Match reference in Reference().Matches(File.ReadAllText(Repository.Folder(project.Split('/')))))
                {
                    var path = Path.GetFullPath(Path.Combine(Repository.Folder(project.Split('/')), "..", reference.Groups[1].Value));
                    needed.Enqueue(Path.GetRelativePath(Repository.Folder(), path));
                }
            }
        }

        // The context holds them.
        var ignored = File.ReadAllLines(Repository.Folder(".dockerignore"));
        Assert.Contains("*", ignored);
        Assert.All(copied.Select(c => c.Split('/')[0] is "compose" ? "compose/Sandbox" : c.Split('/')[0]), c => Assert.Contains(
            ignored, i => i == "!" + c || (i.Contains('*', StringComparison.Ordinal) && i[0] == '!' && Regex.IsMatch(c, "^" + i[1..].Replace(".", "\\.", StringComparison.Ordinal).Replace("*", ".*", StringComparison.Ordinal) + "$"))));
    }

    [Fact]
    public void Every_target_says_what_it_is_and_how_it_is()
    {
        foreach (var target in Target().Split(Dockerfile)[1..].Where((_, i) => i % 2 == 1))
        {
            Assert.Contains("org.opencontainers.image.title", target, StringComparison.Ordinal);
            Assert.Contains("HEALTHCHECK", target, StringComparison.Ordinal);
            Assert.Contains("ENTRYPOINT", target, StringComparison.Ordinal);
        }

        Assert.DoesNotContain(":latest", Dockerfile, StringComparison.Ordinal);
        Assert.All(
            Services.Values.Select(s => s.Text("image")!), image => Assert.Matches("^[a-z/-]+:[$a-z0-9][^:]*(:-dev})?$", image));
    }

    private static Dictionary<string, List<string>> ExposedPorts()
    {
        var parts = Target().Split(Dockerfile)[1..];
        return Enumerable.Range(0, parts.Length / 2).ToDictionary(
            i => parts[i * 2], i => Expose().Matches(parts[(i * 2) + 1]).SelectMany(m => m.Groups[1].Value.Split(' ')).ToList());
    }

    [GeneratedRegex(@"^FROM base AS (\w+)$", RegexOptions.Multiline)]
    private static partial Regex Target();

    [GeneratedRegex("^EXPOSE (.+)$", RegexOptions.Multiline)]
    private static partial Regex Expose();

    [GeneratedRegex(@"^COPY (?!--)(.+)$", RegexOptions.Multiline)]
    private static partial Regex Copy();

    [GeneratedRegex(@"publish ([\w/.]+) \w+ ")]
    private static partial Regex Publish();

    [GeneratedRegex("<ProjectReference Include=\"([^\"]+)\"")]
    private static partial Regex Reference();

    [GeneratedRegex(@"^ +server \S+ ([\w-]+):(\d+)", RegexOptions.Multiline)]
    private static partial Regex Server();

    [GeneratedRegex("alertname=~\"([^\"]+)\"")]
    private static partial Regex Alert();

    [GeneratedRegex(@"(?<=^ENV .*)\b([A-Z][A-Za-z]*_[A-Za-z_]*)=", RegexOptions.Multiline)]
    private static partial Regex EnvironmentLine();
}
