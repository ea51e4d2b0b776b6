using System.CommandLine;
using System.CommandLine.Invocation;
using CardShop.Shopctl.Terminal;
using CardShop.Tests.Chaos.Drills;
using CardShop.Tests.Chaos.Faults;

namespace CardShop.Tests.Chaos;

/// <summary>What tests/chaos is told, and what it says where that is wrong.</summary>
public static class ChaosCommand
{
    /// <summary>Wrong arguments, as everywhere in CardShop.</summary>
    public const int Wrong = 2;

    private static readonly IReadOnlyDictionary<string, FaultKind> Kinds =
        Enum.GetValues<FaultKind>().ToDictionary(k => k.ToString().ToLowerInvariant(), StringComparer.OrdinalIgnoreCase);

    /// <param name="drill">Plays a drill by its name, or <c>all</c>.</param>
    /// <param name="run">Does the long run.</param>
    public static RootCommand Create(
        Func<string, CancellationToken, Task<int>> drill, Func<ChaosOptions, CancellationToken, Task<int>> run)
    {
        var named = new Option<string?>("--drill") { Description = "one drill alone: " + string.Join(", ", DrillList.All.Select(d => d.Name)), HelpName = "NAME" };
        named.AcceptOnlyFromAmong([.. DrillList.All.Select(d => d.Name), "all"]);
        var minutes = new Option<double>("--minutes") { Description = "how long there is load", DefaultValueFactory = _ => 30, HelpName = "N" };
        var seed = new Option<int?>("--seed") { Description = "draws buyers and faults; a random one is printed", HelpName = "S" };
        var every = new Option<double>("--every")
        {
            Description = "seconds between two faults, on average; 0 = no faults",
            DefaultValueFactory = _ => 20,
            HelpName = "SECONDS",
        };
        var rate = new Option<int>("--rate") { Description = "orders per second", DefaultValueFactory = _ => 200, HelpName = "N" };
        var kinds = new Option<string[]>("--faults")
        {
            Description = "only these kinds: " + string.Join(", ", Kinds.Keys),
            AllowMultipleArgumentsPerToken = true,
            HelpName = "KIND",
        };
        kinds.Validators.Add(result =>
        {
            if (result.Tokens.FirstOrDefault(t => !Kinds.ContainsKey(t.Value)) is { } unknown)
            {
                result.AddError($"There is no kind of fault '{unknown.Value}'. Kinds: {string.Join(", ", Kinds.Keys)}.");
            }
        });
        var root = new RootCommand(
            "Starts a shop of its own on this machine, on free ports, hurts it under load, and shows that no order is lost. " +
            "A shop that runs here already is left alone.")
        {
            named, minutes, seed, every, rate, kinds,
        };
        root.SetAction(async (parsed, cancel) =>
        {
            if (parsed.GetValue(named) is { } name)
            {
                return await drill(name, cancel);
            }

            var options = new ChaosOptions(
                parsed.GetValue(minutes), parsed.GetValue(seed) ?? Random.Shared.Next(1, 1_000_000), parsed.GetValue(every), parsed.GetValue(rate))
            {
                Kinds = parsed.GetValue(kinds) is { Length: > 0 } only ? [.. only.Select(k => Kinds[k])] : Enum.GetValues<FaultKind>(),
            };
            if (options.Fault() is { } wrong)
            {
                await Console.Error.WriteLineAsync("error: " + wrong);
                return Wrong;
            }

            return await run(options, cancel);
        });
        return root;
    }

    /// <summary>Says each fault in a line.</summary>
    /// <returns>True: nothing is to be run.</returns>
    public static bool IsWrong(ParseResult parsed, TextWriter errors)
    {
        if (parsed.Action is not ParseErrorAction)
        {
            return false;
        }

        foreach (var error in parsed.Errors)
        {
            errors.WriteLine("error: " + ParseErrors.Plain(error.Message));
        }

        errors.WriteLine("See: tests/chaos --help");
        return true;
    }
}
