using System.CommandLine;
using CardShop.Local.Parts;
using CardShop.Tests.Chaos;
using CardShop.Tests.Chaos.Drills;

var drill = new Option<string?>("--drill") { Description = "one drill alone: " + string.Join(", ", DrillList.All.Select(d => d.Name)) };
drill.AcceptOnlyFromAmong([.. DrillList.All.Select(d => d.Name), "all"]);

var root = new RootCommand("Hurts a running shop on this machine, and shows that no order is lost") { drill };
root.SetAction(async (parsed, cancel) =>
    parsed.GetValue(drill) is { } name
        ? await DrillList.RunAsync(name, cancel)
        : await ChaosRun.RunAsync(cancel));

try
{
    return await root.Parse(args).InvokeAsync(new InvocationConfiguration
    {
        // Servers are stopped, networks and data removed after Ctrl-C, too.
        ProcessTerminationTimeout = TimeSpan.FromSeconds(60),
        EnableDefaultExceptionHandler = false,
    });
}
catch (Exception e) when (e is PartFailedException or ChaosFailedException or IOException)
{
    await Console.Error.WriteLineAsync("error: " + e.Message);
    return 1;
}
catch (OperationCanceledException)
{
    await Console.Error.WriteLineAsync("stopped");
    return 1;
}
