using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using CardShop.Local.Parts;
using CardShop.Tests.Bench;
using CardShop.Tests.Bench.Intake;
using CardShop.Tests.Bench.Pipeline;

var what = new Argument<string>("BENCH")
{
    Description = "broker, intake, pipeline, latency, keys, streams, growth, backlog, soak or all",
    DefaultValueFactory = _ => "all",
};
what.AcceptOnlyFromAmong("broker", "intake", "pipeline", "latency", "keys", "streams", "growth", "backlog", "soak", "all");
var seconds = new Option<int?>("--seconds")
{
    Description = "length of each timed measurement (default 10); of soak 120, which all keeps to (half an hour shows growth)",
};
seconds.Validators.Add(result => RequireWhole(result, 1, 7_200));
var rate = new Option<int>("--rate") { Description = "soak: orders per second", DefaultValueFactory = _ => 200 };
rate.Validators.Add(result => RequireWhole(result, 1, 5_000));
var rows = new Option<int?>("--rows")
{
    Description = "the most orders stored (growth, default 1000000) or queued (backlog, default 200000)",
};
rows.Validators.Add(result => RequireWhole(result, 10_000, 10_000_000));
var json = new Option<string?>("--json") { Description = "write the results to this file, too" };
var report = new Option<string?>("--report")
{
    Description = "write a report with pictures into this folder, anew after each bench (unless named, all: artifacts/bench, soak: artifacts/bench/soak)",
};

var root = new RootCommand("Measures CardShop on this machine, each figure beside its raw limit in the same run")
{
    what, seconds, rate, rows, json, report,
};
root.SetAction((parsed, cancel) => BenchCommand.RunAsync(
    new(parsed.GetValue(what)!, parsed.GetValue(seconds), parsed.GetValue(rate), parsed.GetValue(rows)),
    parsed.GetValue(json), parsed.GetValue(report), cancel));

// Processes of their own, so that their CPU can be told from the load generator's.
foreach (var (name, run) in new (string, Func<string[], CancellationToken, Task>)[] { ("fleet", FleetProcess.RunAsync), ("empty", EmptyApi.RunAsync) })
{
    var hidden = new Command(name) { Hidden = true, TreatUnmatchedTokensAsErrors = false };
    hidden.SetAction((parsed, cancel) => run([.. parsed.UnmatchedTokens], cancel));
    root.Add(hidden);
}

var invocation = root.Parse(args);
if (invocation.Action is ParseErrorAction)
{
    foreach (var error in invocation.Errors)
    {
        await Console.Error.WriteLineAsync("error: " + error.Message);
    }

    return 2;
}

try
{
    return await invocation.InvokeAsync(new InvocationConfiguration
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

static void RequireWhole(OptionResult result, int least, int most)
{
    if (result.Tokens.Count > 0 && !(int.TryParse(result.Tokens[0].Value, out var n) && n >= least && n <= most))
    {
        result.AddError($"{result.Option.Name} takes a whole number from {least} to {most}.");
    }
}
