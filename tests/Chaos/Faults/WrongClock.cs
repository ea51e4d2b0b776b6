using System.Globalization;
using CardShop.Local.Instance;
using CardShop.Tests.Chaos.Machine;

namespace CardShop.Tests.Chaos.Faults;

/// <summary>
/// A process whose clock on the wall is wrong, while its stopwatches and waits are right: a library of a few lines is
/// preloaded. libfaketime will not do: the waits of the Kafka client then end at once, or far too late.
/// </summary>
public static class WrongClock
{
    private const string Compiler = "/usr/bin/gcc";
    private const string Library = "skew.so";

    /// <summary>Is there a C compiler?</summary>
    public static bool IsPossible => File.Exists(Compiler);

    /// <summary>Compiles the library into a run's folder.</summary>
    public static async Task BuildAsync(ChaosFolder folder)
    {
        var source = Path.Combine(InstanceLayout.Around(AppContext.BaseDirectory).Root, "tests", "Chaos", "Faults", "skew.c");
        await HostCommand.RunAsync(Compiler, "-O2", "-shared", "-fPIC", "-o", folder.Of(Library), source);
    }

    /// <summary>What to add to a process's environment.</summary>
    /// <param name="seconds">How far ahead its clock is; negative: behind.</param>
    public static IReadOnlyDictionary<string, string> Environment(ChaosFolder folder, int seconds) => new Dictionary<string, string>
    {
        ["LD_PRELOAD"] = folder.Of(Library),
        ["SKEW_SECONDS"] = seconds.ToString(CultureInfo.InvariantCulture),
    };
}
