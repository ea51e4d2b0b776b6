using System.CommandLine;
using CardShop.Local.Parts;
using CardShop.Tests.Chaos;
using CardShop.Tests.Chaos.Drills;
using CardShop.Tests.Chaos.Faults;

var drill = new Option<string?>("--drill") { Description = "one drill alone: " + string.Join(", ", DrillList.All.Select(d => d.Name)) };
drill.AcceptOnlyFromAmong([.. DrillList.All.Select(d => d.Name), "all"]);

var minutes = new Option<double>("--minutes") { Description = "how long there is load", DefaultValueFactory = _ => 30, HelpName = "N" };
var seed = new Option<int?>("--seed") { Description = "draws buyers and faults; a random one is printed", HelpName = "S" };
var every = new Option<double>("--every")
{
    Description = "seconds between two faults, on average; 0 = no faults", DefaultValueFactory = _ => 20, HelpName = "SECONDS",
};
var rate = new Option<int>("--rate") { Description = "orders per second", DefaultValueFactory = _ => 200, HelpName = "N" };

var kinds = new Option<FaultKind[]>("--faults") { Description = "only these kinds", AllowMultipleArgumentsPerToken = true, HelpName = "KIND" };

var root = new RootCommand("Hurts a running shop on this machine, and shows that no order is lost") { drill, minutes, seed, every, rate, kinds };
root.SetAction(async (parsed, cancel) =>
{
    if (parsed.GetValue(drill) is { } name)
    {
        return await DrillList.RunAsync(name, cancel);
    }

    var options = new ChaosOptions(
        parsed.GetValue(minutes), parsed.GetValue(seed) ?? Random.Shared.Next(1, 1_000_000), parsed.GetValue(every), parsed.GetValue(rate))
    {
        Kinds = parsed.GetValue(kinds) is { Length: > 0 } named ? named : Enum.GetValues<FaultKind>(),
    };
    if (options.Fault() is { } wrong)
    {
        await Console.Error.WriteLineAsync("error: " + wrong);
        return 2;
    }

    return await ChaosRun.RunAsync(options, cancel);
});

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
