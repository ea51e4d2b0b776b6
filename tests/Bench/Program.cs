using System.CommandLine;
using CardShop.Local.Parts;
using CardShop.Tests.Bench;
using CardShop.Tests.Bench.Intake;
using CardShop.Tests.Bench.Pipeline;

var what = new Argument<string>("BENCH")
{
    Description = "broker, intake, pipeline, latency, keys, streams, growth, backlog or all",
    DefaultValueFactory = _ => "all",
};
what.AcceptOnlyFromAmong("broker", "intake", "pipeline", "latency", "keys", "streams", "growth", "backlog", "all");
var seconds = new Option<int>("--seconds")
{
    Description = "length of each timed measurement (intake, latency, broker)",
    DefaultValueFactory = _ => 10,
};
seconds.Validators.Add(result =>
{
    if (result.Tokens.Count > 0 && !(int.TryParse(result.Tokens[0].Value, out var n) && n is >= 1 and <= 600))
    {
        result.AddError("--seconds takes a whole number from 1 to 600.");
    }
});
var rows = new Option<int?>("--rows")
{
    Description = "the most orders stored (growth, default 1000000) or queued (backlog, default 200000)",
};
rows.Validators.Add(result =>
{
    if (result.Tokens.Count > 0 && !(int.TryParse(result.Tokens[0].Value, out var n) && n is >= 10_000 and <= 10_000_000))
    {
        result.AddError("--rows takes a whole number from 10000 to 10000000.");
    }
});
var json = new Option<string?>("--json") { Description = "write the results to this file, too" };

var root = new RootCommand("Measures CardShop on this machine, each figure beside its raw limit in the same run")
{
    what, seconds, rows, json,
};
root.SetAction(async (parsed, cancel) =>
{
    var results = await Benches.RunAsync(
        parsed.GetValue(what)!, TimeSpan.FromSeconds(parsed.GetValue(seconds)), parsed.GetValue(rows), cancel);
    BenchReport.Print(results);
    if (parsed.GetValue(json) is { } file)
    {
        await BenchReport.SaveAsync(results, file, cancel);
    }

    return 0;
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
