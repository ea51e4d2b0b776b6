using System.CommandLine;
using System.Text.RegularExpressions;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;
using CardShop.Tests.Unit.Partners;
using Xunit;

namespace CardShop.Tests.Unit.Deployment;

/// <summary>At night nobody looks up whether a command exists: every one that a runbook names does, with its options and what it names.</summary>
public sealed partial class When_runbooks_are_followed
{
    /// <summary>Plans for emergencies and processes, beside the pages of alerts.</summary>
    private static readonly string[] Needed =
    [
        "plan-order-service", "plan-database-primary", "plan-rabbitmq", "plan-kafka", "plan-payment-channel", "plan-region", "plan-ddos",
        "plan-key-leak", "plan-bad-release", "plan-wrong-import", "deploy", "upgrade", "rollback", "restore", "capacity", "change",
        "incident", "daily",
    ];

    private static readonly string[] Sections = ["## How you notice", "## First five minutes", "## How you know that it is over"];

    private static readonly string[] Programs = ["curl", "grep", "tail", "df", "du", "psql", "dig", "docker", "git", "sha256sum"];

    private static readonly string[] KubectlVerbs =
    [
        "get", "describe", "logs", "rollout", "scale", "create", "apply", "patch", "delete", "annotate", "cordon", "uncordon", "drain", "wait",
        "top", "exec", "cnpg", "argo", "kustomize", "config", "diff", "port-forward",
    ];

    [Fact]
    public void Each_plan_and_process_has_one_of_the_same_form()
    {
        foreach (var name in Needed)
        {
            var text = File.ReadAllText(Repository.Folder("k8s", "runbooks", name + ".md"));
            Assert.All(Sections, section => Assert.Contains(section, text, StringComparison.Ordinal));
            Assert.Matches(Command(), text);
        }
    }

    [Fact]
    public async Task Every_command_exists_with_its_options_and_what_it_names()
    {
        var names = await NamesAsync();
        var wrong = Documents().SelectMany(file => CommandsOf(File.ReadAllText(file))
            .Select(line => (line, Fault: FaultOf(line, names))).Where(c => c.Fault is not null)
            .Select(c => $"{Path.GetFileName(file)}: {c.line}: {c.Fault}")).ToList();
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    /// <summary>Whoever is woken may have a cluster and no local instance.</summary>
    [Fact]
    public void Each_page_of_an_alert_says_what_to_do_in_a_cluster() => Assert.Empty(
        Directory.GetFiles(Repository.Folder("k8s", "runbooks"), "*.md").Where(f => char.IsAsciiLetterUpper(Path.GetFileName(f)[0]))
            .Where(f => !CommandsOf(File.ReadAllText(f)).Any(l => l.StartsWith("kubectl ", StringComparison.Ordinal)))
            .Select(f => Path.GetFileName(f)!));

    /// <summary>A command that is to be looked up first is no step.</summary>
    [Fact]
    public void No_step_is_a_look_into_help() => Assert.Empty(
        Directory.GetFiles(Repository.Folder("k8s", "runbooks"), "*.md").SelectMany(f => CommandsOf(File.ReadAllText(f))
            .Where(l => l.EndsWith("--help", StringComparison.Ordinal)).Select(l => $"{Path.GetFileName(f)}: {l}")));

    [Theory]
    [InlineData("shopctl lags", "there is no")]
    [InlineData("shopctl recover --all", "has no option --all")]
    [InlineData("shopctl channels down alipay", "there is no")]
    [InlineData("compose/part restart api", "not known")]
    [InlineData("shopctl refund ORDER", "--why")]
    [InlineData("shopctl errors show", "Required argument")]
    [InlineData("shopctl keys void BATCH --why 'known outside' --approval", "Required argument")]
    [InlineData("k8s/shopctl --in keys.txt keys import SKU", "Required argument")]
    [InlineData("k8s/trusted FOLDER secrets months --before 1", "has no option --before")]
    [InlineData("kubectl -n cardshop rollout undo deployment/cardshop-web", "no manifest has the deployment cardshop-web")]
    [InlineData("kubectl cnpg status cardshop-web -n cardshop", "cardshop-web is in no manifest")]
    [InlineData("kubectl -n cardshop rollout restart deployment/brokers", "no manifest has the deployment brokers")]
    [InlineData("kubectl -n cardshop get scaledobject cardshop-fleet-orders", "no manifest has the scaledobject")]
    [InlineData("kubectl -n cardshop logs -l part=fleet-orders,app.kubernetes.io/name=cardshop-fleets", "no pod has the label")]
    [InlineData("kubectl -n cardshop logs cardshop-postgres-1 -c database", "no pod has a container database")]
    [InlineData("kubectl cnpg failover cardshop-postgres", "cnpg failover is not known")]
    [InlineData("kubectl apply -k k8s/overlays/mars", "is not there")]
    [InlineData("kubectl apply -k k8s/overlays/YOURSELF", "is not there")]
    [InlineData("k8s/chaos/drill kill-everything --yes", "no such drill")]
    [InlineData("kubernetesctl get pods", "not known")]
    public async Task A_command_that_does_not_exist_is_found(string line, string said)
    {
        if (await NamesAsync() is not { } names)
        {
            return;
        }

        Assert.Contains(said, FaultOf(line, names) ?? string.Empty, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_link_leads_somewhere()
    {
        var broken = new List<string>();
        foreach (var file in Documents())
        {
            foreach (var target in Link().Matches(File.ReadAllText(file)).Select(m => m.Groups[1].Value)
                .Where(t => !t.Contains("://", StringComparison.Ordinal)))
            {
                var (path, anchor) = target.Split('#') is [var p, var a] ? (p, a) : (target, null);
                var full = path.Length == 0 ? file : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, path));
                if (!Path.Exists(full) || (anchor is not null && !Anchors(full).Contains(anchor)))
                {
                    broken.Add($"{Path.GetRelativePath(Repository.Folder(), file)}: {target}");
                }
            }
        }

        Assert.Equal(string.Empty, string.Join('\n', broken));
    }

    /// <summary>Pages of alerts that a text names as "see X" or in backticks are there.</summary>
    [Fact]
    public void Every_runbook_that_another_names_exists()
    {
        var folder = Repository.Folder("k8s", "runbooks");
        var missing = Directory.GetFiles(folder, "*.md").SelectMany(f => Named().Matches(File.ReadAllText(f)).Select(m => m.Groups[1].Value))
            .Where(n => !File.Exists(Path.Combine(folder, n + ".md"))).Distinct();
        Assert.Empty(missing);
    }

    /// <summary>The names of all objects; null where there is no kubectl, which puts them together.</summary>
    private static async Task<ClusterNames?> NamesAsync() => await Kustomize.AllAsync() is var built && built.ContainsKey("files")
        ? null : ClusterNames.Of(built.Values.SelectMany(d => d));

    /// <summary>Every document of the tree that an operator reads.</summary>
    private static IEnumerable<string> Documents() =>
        Directory.EnumerateFiles(Repository.Folder("k8s"), "*.md", SearchOption.AllDirectories)
            .Append(Repository.Folder("README.md")).Append(Repository.Folder("compose", "README.md"));

    private static IEnumerable<string> CommandsOf(string text) =>
        text.Split('\n').Where(l => Command().IsMatch(l)).Select(l => l.Trim()).Select(l => l.Split("  #")[0].Trim());

    private static string? FaultOf(string line, ClusterNames? names)
    {
        // What follows a pipe is a program of its own.
        var parts = line.Split(" | ");
        return parts.Select(p => p.Trim().Split(' ', StringSplitOptions.RemoveEmptyEntries)).Select(words => words switch
        {
            ["k8s/shopctl", "--in" or "--out", _, .. var path] => ShopctlFault(path),
            ["k8s/trusted", _, .. var path] => ShopctlFault(path),
            ["shopctl" or "compose/shopctl" or "k8s/shopctl", .. var path] => ShopctlFault(path),
            ["compose/containers", "shopctl", .. var path] => ShopctlFault(path),
            ["compose/part", "status" or "start" or "stop" or "kill", ..] or ["compose/up" or "compose/down" or "compose/containers", ..] => null,
            ["kubectl", .. var rest] => KubectlFault(rest, names),
            ["k8s/chaos/drill", var drill, ..] => drill == "list" || names is null || names.Names.Contains(drill) ? null : $"no such drill {drill}",
            ["k8s/monitoring/prometheusrules", ..] or ["prometheus" or "promtool", ..] or ["tests/run" or "tests/bench" or "tests/simulate" or "tests/chaos" or "tests/alerts", ..] => null,
            [var program, ..] => Programs.Contains(program) ? null : $"{program} is not known",
            _ => null,
        }).FirstOrDefault(f => f is not null);
    }

    private static string? ShopctlFault(string[] words)
    {
        Command command = CommandTree.Create(new(new ShopctlSettings(_ => null), TimeProvider.System, new Screen()));
        var isValue = false;
        foreach (var word in Quoted().Replace(string.Join(' ', words), "TEXT").Split(' '))
        {
            if (isValue)
            {
                isValue = false;
            }
            else if (word.StartsWith('-'))
            {
                var name = word.Split('=')[0].TrimEnd(']');
                isValue = command.Options.FirstOrDefault(o => o.Name == word)?.Arity.MinimumNumberOfValues > 0;
                if (name is not ("--help" or "--version") && command.Options.All(o => o.Name != name))
                {
                    return $"{command.Name} has no option {name}";
                }
            }
            else if (command.Subcommands.Count > 0 && command.Subcommands.FirstOrDefault(c => c.Name == word) is var sub)
            {
                if (sub is null && command.Arguments.Count == 0)
                {
                    return $"there is no {command.Name} {word}";
                }

                if (sub is null)
                {
                    break;
                }

                command = sub;
            }
        }

        return UseFault(words);
    }

    /// <summary>Arguments and options are as the command takes them; what is written large stands for a value.</summary>
    private static string? UseFault(string[] words)
    {
        var line = string.Join(' ', words);
        if (words.Contains("--help") || Optional().IsMatch(line))
        {
            return null;
        }

        var tree = CommandTree.Create(new(new ShopctlSettings(_ => null), TimeProvider.System, new Screen()));
        var values = Number().Replace(line.Replace('\'', '"'), "1").Replace("KEY-ID", Guid.Empty.ToString(), StringComparison.Ordinal);
        return tree.Parse(values).Errors is [var error, ..] ? error.Message : null;
    }

    private static string? KubectlFault(string[] words, ClusterNames? names)
    {
        var verb = words is ["-n", _, var said, ..] ? said : words[0];
        if (!KubectlVerbs.Contains(verb))
        {
            return $"kubectl {verb} is not known";
        }

        if (words is ["cnpg", var deed, ..] && deed is not ("status" or "promote" or "backup" or "psql" or "destroy"))
        {
            return $"cnpg {deed} is not known";
        }

        if (names?.FaultOf(words) is { } fault)
        {
            return fault;
        }

        return FolderOrNameFault(words, names);
    }

    private static string? FolderOrNameFault(string[] words, ClusterNames? names)
    {
        for (var i = 0; i < words.Length; i++)
        {
            if (words[i] is "-k" && !Own().IsMatch(words[i + 1]) && !Directory.Exists(Repository.Folder(words[i + 1].Split('/'))))
            {
                return $"{words[i + 1]} is not there";
            }

            var name = ResourceName().Match(words[i]) is { Success: true } match ? match.Groups[1].Value : null;
            if (name is not null && name != "cardshop" && names?.Names.Contains(Member().Replace(name, string.Empty)) == false)
            {
                return $"{name} is in no manifest";
            }
        }

        return null;
    }

    /// <summary>As GitHub makes them: lower case, spaces as hyphens, other signs gone.</summary>
    private static HashSet<string> Anchors(string file) => [.. File.ReadLines(file).Where(l => l.StartsWith('#'))
        .Select(l => Sign().Replace(l.TrimStart('#').Trim().ToLowerInvariant(), string.Empty).Replace(' ', '-'))];

    /// <summary>A pod of a server: its cluster's name and a number.</summary>
    [GeneratedRegex("-(server-)?[0-9]+$")]
    private static partial Regex Member();

    [GeneratedRegex(@"^( {4,})(shopctl|(compose|k8s|tests)/[a-z/]+|kubectl|curl|grep|tail|df|du|psql|dig|docker|git|\w+ctl)(?= \S|$)", RegexOptions.Multiline)]
    private static partial Regex Command();

    /// <summary>The reader's own overlay, and those above it: no tree but his has them.</summary>
    [GeneratedRegex("^k8s/overlays/YOURS(-[a-z-]+)?$")]
    private static partial Regex Own();

    [GeneratedRegex("'[^']*'|\"[^\"]*\"")]
    private static partial Regex Quoted();

    /// <summary>What a line leaves open: one of several, perhaps, and so on.</summary>
    [GeneratedRegex(@"[\[|…·]")]
    private static partial Regex Optional();

    [GeneratedRegex(@"(?<= )(N|FEN)(?= |$)")]
    private static partial Regex Number();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"[Ss]ee ([A-Z][a-z]+[A-Z]\w+|plan-[a-z-]+)\b")]
    private static partial Regex Named();

    [GeneratedRegex(@"[^\p{L}\p{N}\s_-]")]
    private static partial Regex Sign();

    [GeneratedRegex(@"^(?:[a-z.]+/)?(cardshop(?:-[a-z0-9]+)*)$")]
    private static partial Regex ResourceName();
}
