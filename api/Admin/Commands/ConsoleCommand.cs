using System.Text.Json;
using CardShop.Shop.Operators;

namespace CardShop.Api.Admin.Commands;

/// <summary>A command of shopctl that the console may run. Pure.</summary>
/// <param name="Name">As the console says it.</param>
/// <param name="Action">What the operator needs for it; shopctl asks for the same once more.</param>
/// <param name="Words">shopctl's words before the arguments.</param>
/// <param name="Limit">How long it may take.</param>
public sealed record ConsoleCommand(string Name, OperatorAction Action, IReadOnlyList<string> Words, TimeSpan Limit)
{
    /// <summary>In the order in which shopctl is told.</summary>
    public IReadOnlyList<CommandArgument> Arguments { get; init; } = [];

    /// <summary>shopctl's words behind the arguments.</summary>
    public IReadOnlyList<string> Last { get; init; } = [];

    /// <summary>Its standard output is one JSON document.</summary>
    public bool IsJson { get; init; }

    /// <summary>It is stopped when nobody listens any more: nothing is lost by that.</summary>
    public bool StopsWhenLeft { get; init; }

    /// <summary>It changes something: somebody says why.</summary>
    public bool TakesWhy => Action != AdminRules.View;

    /// <returns>shopctl's words, or what is wrong with the request, by field.</returns>
    public (IReadOnlyList<string>? Words, Problem? Wrong) Build(CommandRequest request)
    {
        var faults = new Dictionary<string, string[]>();
        var given = Given(request.Arguments, faults);
        var words = new List<string>(Words);
        foreach (var argument in Arguments)
        {
            if (!given.TryGetValue(argument.Name, out var value) || value.ValueKind == JsonValueKind.Null)
            {
                if (argument.IsRequired)
                {
                    faults[FieldOf(argument.Name)] = ["It is missing: " + argument.Hint];
                }
            }
            else if (argument.Words(value) is { } said)
            {
                words.AddRange(said);
            }
            else
            {
                faults[FieldOf(argument.Name)] = ["It must be " + argument.Hint];
            }
        }

        words.AddRange(Last);
        AddWhy(request.Why, words, faults);
        AddApproval(request.Approval, words, faults);
        return faults.Count > 0 ? (null, Problem.Fields(faults)) : (words, null);
    }

    private void AddWhy(string? why, List<string> words, Dictionary<string, string[]> faults)
    {
        if (why is null && !TakesWhy)
        {
            return;
        }

        if (!TakesWhy)
        {
            faults["why"] = [$"{Name} changes nothing: leave it out."];
        }
        else if (!CommandTable.IsWhy(why))
        {
            faults["why"] = [CommandTable.WhyHint];
        }
        else
        {
            words.Add("--why=" + why!.Trim());
        }
    }

    private void AddApproval(string? approval, List<string> words, Dictionary<string, string[]> faults)
    {
        if (approval is null)
        {
            return;
        }

        if (!Action.IsDangerous)
        {
            faults["approval"] = [$"{Name} needs no approval: leave it out."];
        }
        else if (AdminInput.Subject(approval) != approval || approval[0] == '-')
        {
            faults["approval"] = ["That is no approval's id."];
        }
        else
        {
            words.Add("--approval=" + approval);
        }
    }

    private Dictionary<string, JsonElement> Given(JsonElement? arguments, Dictionary<string, string[]> faults)
    {
        var given = new Dictionary<string, JsonElement>();
        if (arguments is not { ValueKind: JsonValueKind.Object } values)
        {
            if (arguments is { ValueKind: not (JsonValueKind.Null or JsonValueKind.Undefined) })
            {
                faults["arguments"] = ["They must be an object: names and values."];
            }

            return given;
        }

        foreach (var argument in values.EnumerateObject())
        {
            if (!given.TryAdd(argument.Name, argument.Value))
            {
                faults["arguments"] = ["One of them is there twice."];
            }
            else if (Arguments.All(a => a.Name != argument.Name))
            {
                // Its name is the caller's: it is repeated only where it is one that could be said by mistake.
                faults[FieldOf(AdminInput.Subject(argument.Name))] =
                [
                    $"{Name} has no such argument" + (Arguments.Count == 0 ? "." : ": it takes " + string.Join(", ", Arguments.Select(a => a.Name)) + "."),
                ];
            }
        }

        return given;
    }

    private static string FieldOf(string argument) => "arguments." + argument;
}
