using System.CommandLine;
using CardShop.Local.Parts;
using CardShop.Tests.Chaos;
using CardShop.Tests.Chaos.Drills;

var parsed = ChaosCommand.Create(DrillList.RunAsync, ChaosRun.RunAsync).Parse(args);
if (ChaosCommand.IsWrong(parsed, Console.Error))
{
    return ChaosCommand.Wrong;
}

try
{
    return await parsed.InvokeAsync(new InvocationConfiguration
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
