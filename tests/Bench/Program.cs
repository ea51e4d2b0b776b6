using System.CommandLine;
using CardShop.Local.Instance;
using CardShop.Local.Parts;
using CardShop.Tests.Bench;
using CardShop.Tests.Bench.Intake;
using CardShop.Tests.Bench.Machine;
using CardShop.Tests.Bench.Pipeline;
using CardShop.Tests.Bench.Report;

var what = new Argument<string>("BENCH")
{
    Description = "broker, intake, pipeline, latency, keys, streams or all",
    DefaultValueFactory = _ => "all",
};
what.AcceptOnlyFromAmong("broker", "intake", "pipeline", "latency", "keys", "streams", "all");
var seconds = new Option<int?>("--seconds") { Description = "length of each timed measurement (default 10)" };
seconds.Validators.Add(result =>
{
    if (result.Tokens.Count > 0 && !(int.TryParse(result.Tokens[0].Value, out var n) && n is >= 1 and <= 600))
    {
        result.AddError("--seconds takes a whole number from 1 to 600.");
    }
});
var json = new Option<string?>("--json") { Description = "write the results to this file, too" };
var report = new Option<string?>("--report")
{
    Description = "write a report with pictures into this folder, anew after each bench (all: artifacts/bench unless named)",
};

var root = new RootCommand("Measures CardShop on this machine, each figure beside its raw limit in the same run")
{
    what, seconds, json, report,
};
root.SetAction(async (parsed, cancel) =>
{
    var wanted = parsed.GetValue(what)!;
    var folder = ReportOf(parsed.GetValue(report), wanted);
    var sections = await Benches.RunAsync(
        wanted, parsed.GetValue(seconds), rate: 0, s => folder?.WriteAsync(s, cancel) ?? Task.CompletedTask, cancel);
    IReadOnlyList<BenchResult> results = [.. sections.SelectMany(s => s.Results)];
    BenchReport.Print(results);
    if (parsed.GetValue(json) is { } file)
    {
        await BenchReport.SaveAsync(results, file, cancel);
    }

    if (folder is not null)
    {
        await Console.Error.WriteLineAsync("report: " + folder.TextFile);
    }

    foreach (var section in sections.Where(s => s.Failure is not null))
    {
        await Console.Error.WriteLineAsync($"error: {section.Bench}: {section.Failure}");
    }

    return sections.Any(s => s.Failure is not null) ? 1 : 0;
});

// Processes of their own, so that their CPU can be told from the load generator's.
foreach (var (name, run) in new (string, Func<string[], CancellationToken, Task>)[] { ("fleet", FleetProcess.RunAsync), ("empty", EmptyApi.RunAsync) })
{
    var hidden = new Command(name) { Hidden = true, TreatUnmatchedTokensAsErrors = false };
    hidden.SetAction((parsed, cancel) => run([.. parsed.UnmatchedTokens], cancel));
    root.Add(hidden);
}

try
{
    return await root.Parse(args).InvokeAsync(new InvocationConfiguration
    {
        // Servers are stopped and data is removed after Ctrl-C, too.
        ProcessTerminationTimeout = TimeSpan.FromSeconds(60),
        EnableDefaultExceptionHandler = false,
    });
}
catch (Exception e) when (e is PartFailedException or BenchFailedException or IOException)
{
    await Console.Error.WriteLineAsync("error: " + e.Message);
    return 1;
}
catch (OperationCanceledException)
{
    await Console.Error.WriteLineAsync("stopped");
    return 1;
}

static ReportFolder? ReportOf(string? named, string wanted)
{
    var folder = named ?? (wanted == "all" ? Path.Combine(InstanceLayout.Around(AppContext.BaseDirectory).Root, "artifacts", "bench") : null);
    return folder is null
        ? null
        : new(folder, new(MachineFacts.Lines(), MachineFacts.Commit, MachineFacts.Load, DateTimeOffset.UtcNow, Benches.Of(wanted)));
}
