using System.Text.RegularExpressions;
using Xunit;

namespace CardShop.Tests.Unit.Tidy;

/// <summary>What analyzers do not see: the size of files, leftovers, and what stands in the root.</summary>
public sealed partial class When_the_house_is_looked_over
{
    // About 400; the slack is for the one change that must not wait for a file to be taken apart.
    private const int MaxLines = 420;

    private static readonly string Root = FindRoot();

    private static readonly string[] RootFolders =
        ["api", "contracts", "workers", "tests", "compose", "k8s"];

    private static readonly string[] RootFiles = ["CardShop.sln", "README.md", "global.json", "BannedSymbols.txt", "CodeMetricsConfig.txt"];

    [Fact]
    public void Files_fit_in_the_head()
    {
        var long_ = Sources("*.cs").Select(f => (f, Lines: File.ReadLines(f).Count())).Where(f => f.Lines > MaxLines)
            .Select(f => $"{Path.GetRelativePath(Root, f.f)}: {f.Lines} lines");
        Assert.Empty(long_);
    }

    [Fact]
    public void Nothing_is_left_for_later() => AssertNone(
        Sources("*.cs", "*.sql", "*.csproj", "*.md", "*.sh", "*.yaml"), line => Leftover().IsMatch(line), "a leftover");

    [Fact]
    public void Nothing_sleeps() => AssertNone(
        Sources("*.cs"), line => line.Contains("Thread." + "Sleep", StringComparison.Ordinal), "it sleeps");

    [Fact]
    public void No_path_belongs_to_somebodys_machine() => AssertNone(
        Sources("*.cs", "*.csproj", "*.props", "*.sln", "*.json", "*.md", "*.sh", "*.yaml"), line => Home().IsMatch(line),
        "an absolute path of one machine");

    [Fact]
    public void Every_scenario_has_a_test()
    {
        var empty = Sources("When_*.cs").Where(f => File.ReadAllText(f) is var text
            && !text.Contains("[Fact", StringComparison.Ordinal) && !text.Contains("[Theory", StringComparison.Ordinal)
            && !text.Contains(" partial class ", StringComparison.Ordinal));
        Assert.Empty(empty.Select(f => Path.GetRelativePath(Root, f)));
    }

    [Fact]
    public void No_test_is_skipped() => AssertNone(
        Sources("*.cs").Where(f => f.Contains("/tests/", StringComparison.Ordinal)),
        line => line.Contains("Skip" + " =", StringComparison.Ordinal) && line.Contains('[', StringComparison.Ordinal),
        "a skipped test");

    [Fact]
    public void The_root_holds_what_the_design_names_and_nothing_else()
    {
        var folders = Directory.GetDirectories(Root).Select(d => Path.GetFileName(d)!)
            .Where(d => d[0] != '.' && d != "artifacts").Except(RootFolders);
        var files = Directory.GetFiles(Root).Select(f => Path.GetFileName(f)!)
            .Where(f => f[0] != '.' && !RootFiles.Contains(f)
                && !(f.StartsWith("Directory.", StringComparison.Ordinal) && Path.GetExtension(f) is ".props" or ".targets"));
        Assert.Empty(folders);
        Assert.Empty(files);
    }

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var solution = File.ReadAllText(Path.Combine(Root, "CardShop.sln")).Replace('\\', '/');
        var missing = Sources("*.csproj").Select(f => Path.GetRelativePath(Root, f).Replace('\\', '/'))
            .Where(f => !solution.Contains(f, StringComparison.Ordinal)).ToList();
        Assert.Empty(missing);
    }

    [Fact]
    public void The_pipeline_never_names_the_shop() => AssertNone(
        Sources("*.cs").Where(f => f.Contains("/workers/Pipeline/", StringComparison.Ordinal)),
        line => line.Contains("CardShop.Shop", StringComparison.Ordinal), "it names the shop");

    /// <summary>
    /// What the simulator schedules must not leave its scheduler, nor look at another clock. The client of Kafka and the
    /// wires to other servers lie behind seams: there it has fakes of its own.
    /// </summary>
    [Fact]
    public void What_is_simulated_stays_on_its_scheduler() => AssertNone(
        Sources("*.cs").Where(f => Simulated().IsMatch(f)), line => Escape().IsMatch(line), "it leaves the simulator's scheduler or clock");

    [GeneratedRegex(@"/workers/(Pipeline/(Batches|Outbox|Documents)|Shop)/|/workers/Fleet/(FleetLoops|FenceWatch)\.cs", RegexOptions.CultureInvariant)]
    private static partial Regex Simulated();

    [GeneratedRegex(@"Task\.(Run|Factory)\b|\.ConfigureAwait\(|ThreadPool\.|new (Timer|PeriodicTimer|Thread)\(|Stopwatch\.|Environment\.TickCount", RegexOptions.CultureInvariant)]
    private static partial Regex Escape();

    [GeneratedRegex(@"\b(TO" + @"DO|FIX" + @"ME|XX" + @"X|HA" + @"CK)\b|NotImplemented" + "Exception", RegexOptions.CultureInvariant)]
    private static partial Regex Leftover();

    [GeneratedRegex(@"(?<![\w.$}~])/(ho" + @"me|Us" + @"ers|ro" + @"ot|wo" + @"rk)/\w|[A-Z]:\\Us" + "ers", RegexOptions.CultureInvariant)]
    private static partial Regex Home();

    private static void AssertNone(IEnumerable<string> files, Func<string, bool> isWrong, string what)
    {
        var found = new List<string>();
        foreach (var file in files)
        {
            var number = 0;
            foreach (var line in File.ReadLines(file))
            {
                number++;
                if (isWrong(line))
                {
                    found.Add($"{Path.GetRelativePath(Root, file)}:{number}: {what}");
                }
            }
        }

        Assert.Empty(found);
    }

    private static IEnumerable<string> Sources(params string[] patterns) =>
        RootFolders.Select(f => Path.Combine(Root, f)).Where(Directory.Exists)
            .SelectMany(f => patterns.SelectMany(p => Directory.EnumerateFiles(f, p, SearchOption.AllDirectories)))
            .Concat(patterns.SelectMany(p => Directory.EnumerateFiles(Root, p)))
            .Where(f => !f.Contains("/obj/", StringComparison.Ordinal) && !f.Contains("/bin/", StringComparison.Ordinal)
                && !f.Contains("/node_modules/", StringComparison.Ordinal));

    /// <summary>The folder of the solution, above the tests' binaries; named by CARDSHOP_ROOT where they stand elsewhere.</summary>
    private static string FindRoot()
    {
        if (Environment.GetEnvironmentVariable("CARDSHOP_ROOT") is { } named)
        {
            return named;
        }

        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "CardShop.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("No solution above " + AppContext.BaseDirectory);
    }
}
