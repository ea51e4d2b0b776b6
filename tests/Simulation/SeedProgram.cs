using System.Diagnostics;
using System.Globalization;
using CardShop.Tests.Simulation.Mutants;
using CardShop.Tests.Simulation.World;

namespace CardShop.Tests.Simulation;

/// <summary><c>--seed N</c> shows one seed's events; <c>--seeds N</c> runs many.</summary>
internal static class SeedProgram
{
    private const string Usage =
        """
        --seed N [--mutant NAME]                  one seed, with every event
        --seeds N [--from FIRST] [--mutant NAME]  N seeds in a row, from FIRST or from a fresh one
        """;

    /// <returns>0 where all invariants held, 1 where one did not, 2 for wrong arguments.</returns>
    public static int Run(string[] args)
    {
        var options = new Dictionary<string, string>();
        for (var i = 0; i + 1 < args.Length; i += 2)
        {
            options[args[i]] = args[i + 1];
        }

        if (args.Length % 2 != 0 || options.Keys.Any(o => o is not ("--seed" or "--seeds" or "--from" or "--mutant")))
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }

        Mutant mutant;
        try
        {
            mutant = options.TryGetValue("--mutant", out var name) ? AllMutants.Find(name) : Mutant.None;
        }
        catch (ArgumentException e)
        {
            Console.Error.WriteLine(e.Message);
            return 2;
        }

        return options.TryGetValue("--seed", out var seed) ? Show(Number(seed), mutant)
            : Many(
                options.TryGetValue("--from", out var from) ? Number(from) : SeedRun.FreshSeed(),
                options.TryGetValue("--seeds", out var count) ? Number(count) : 2_000, mutant);
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static int Show(int seed, Mutant mutant)
    {
        var result = ShopWorld.Run(seed, mutant, isTraced: true);
        foreach (var line in result.Trace)
        {
            Console.WriteLine(line);
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"seed {seed}: {result.Steps:N0} steps, {result.Virtual:hh\\:mm\\:ss}, hash {result.Hash:x16}: {result.Violation ?? "all held"}"));
        return result.Violation is null ? 0 : 1;
    }

    private static int Many(int from, int count, Mutant mutant)
    {
        var started = Stopwatch.GetTimestamp();
        var isTerminal = !Console.IsErrorRedirected;
        var run = SeedRun.Of(from, count, mutant, done =>
        {
            if (isTerminal)
            {
                Console.Error.Write(string.Create(CultureInfo.InvariantCulture, $"\r{done:N0} of {count:N0} seeds"));
            }
        });
        var elapsed = Stopwatch.GetElapsedTime(started);
        var text = run.Text(mutant);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{(isTerminal ? "\r" : "")}{run.Seeds:N0} seeds from {from}: {run.Failures.Count} failed; {elapsed.TotalSeconds:F1} s, " +
            $"{run.Steps:N0} steps, {run.Virtual.TotalHours:N0} h of the shop's time"));
        Console.WriteLine(string.Join(", ", run.Marks.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => $"{m.Key} {m.Value}")));
        Console.Write(text);
        return run.Failures.Count == 0 ? 0 : 1;
    }
}
