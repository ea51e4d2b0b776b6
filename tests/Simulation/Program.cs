using Xunit.Runner.InProc.SystemConsole;

namespace CardShop.Tests.Simulation;

/// <summary>Runs seeds from the command line; any other arguments are the test runner's.</summary>
public static class Program
{
    public static async Task<int> Main(string[] args) =>
        args.Length > 0 && args[0] is "--seed" or "--seeds" or "--mutant" or "--help"
            ? SeedProgram.Run(args)
            : args.Any(a => a is "--server" or "--internal-msbuild-node")
                ? await Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(
                    args, SelfRegisteredExtensions.AddSelfRegisteredExtensions)
                : await ConsoleRunner.Run(args);
}
