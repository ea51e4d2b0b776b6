using System.CommandLine;
using System.Globalization;
using System.Text.Json.Serialization;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.DeadLetters;

/// <summary>The options that say which letters are meant.</summary>
internal sealed class LetterFilterOptions
{
    private readonly Option<string?> _topic = new("--topic") { Description = "From this topic or queue.", HelpName = "NAME" };
    private readonly Option<string?> _reason = new("--reason-has") { Description = "Whose reason has this in it.", HelpName = "TEXT" };
    private readonly Option<string?> _order = new("--order") { Description = "Of this order.", HelpName = "ID" };

    private readonly Option<DateTimeOffset?> _since = new("--since") { Description = "From this time on.", HelpName = "TIME" };
    private readonly Option<DateTimeOffset?> _until = new("--until") { Description = "Before this time.", HelpName = "TIME" };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _topic, _reason, _order, _since, _until })
        {
            command.Options.Add(option);
        }
    }

    public LetterFilter From(ParseResult arguments) => new(
        arguments.GetValue(_topic), arguments.GetValue(_reason), arguments.GetValue(_order), arguments.GetValue(_since),
        arguments.GetValue(_until));
}

/// <summary>Letters by their names, or all open ones that fit.</summary>
internal sealed class LetterPick
{
    private const int MostAtOnce = 10_000;

    private readonly Argument<string[]> _ids = new("PARTITION:OFFSET")
    {
        Description = "Letters, as 'dead-letters list' shows them.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly Option<bool> _all = new("--all-matching") { Description = "All open ones that the other options fit." };
    private readonly LetterFilterOptions _filter = new();

    public void AddTo(Command command)
    {
        command.Arguments.Add(_ids);
        command.Options.Add(_all);
        _filter.AddTo(command);
    }

    /// <summary>What the words alone can tell.</summary>
    public void Require(ParseResult arguments)
    {
        var ids = arguments.GetValue(_ids) ?? [];
        var all = arguments.GetValue(_all);
        if (all == ids.Length > 0 || (!all && !_filter.From(arguments).IsNone))
        {
            throw new ShopctlException(ExitCodes.Usage, "Name letters as PARTITION:OFFSET, or say --all-matching with what they match.");
        }

        foreach (var id in ids)
        {
            DeadLetterCommands.Place(id);
        }
    }

    /// <summary>
    /// The open letters that are meant, by time, and whether more may be meant than are taken at once; throws where a named
    /// one is not there or not open.
    /// </summary>
    public (IReadOnlyList<Letter> Letters, bool More) Choose(ParseResult arguments, LetterShelf shelf) =>
        arguments.GetValue(_all) ? shelf.Matching(_filter.From(arguments), MostAtOnce) : (Named(arguments, shelf), false);

    /// <summary>For the audit.</summary>
    public string Describe(ParseResult arguments, IReadOnlyList<Letter> chosen) => arguments.GetValue(_all)
        ? string.Create(CultureInfo.InvariantCulture, $"{chosen.Count} matching {_filter.From(arguments)}")
        : string.Join(' ', chosen.Select(l => l.Place));

    private IReadOnlyList<Letter> Named(ParseResult arguments, LetterShelf shelf)
    {
        var places = (arguments.GetValue(_ids) ?? []).Select(DeadLetterCommands.Place).ToHashSet();
        var chosen = shelf.InOrder().Where(l => places.Contains(l.Place)).ToList();
        var missing = places.Except(chosen.Select(l => l.Place)).ToList();
        return missing.Count > 0 ? throw DeadLetterCommands.NoLetter(missing[0], shelf)
            : chosen.Find(l => !l.IsOpen) is { Resolved: { } resolved } closed
                ? throw new ShopctlException(
                    ExitCodes.Failed,
                    $"Letter {closed.Place} was {resolved.How} by {resolved.Operator} at {Screen.Time(resolved.At)}.")
            : chosen;
    }
}

/// <summary>A letter for programs.</summary>
internal sealed record LetterRow(
    string Letter, DateTimeOffset At, string Topic, int Partition, long Offset, string? Type, string? OrderId, string Reason,
    int Bytes, IReadOnlyList<string> Lines, string State, string? ResolvedBy, string? ResolvedWhy, DateTimeOffset? ResolvedAt)
{
    public static LetterRow Of(Letter l) => new(
        l.Place.ToString(), l.Head.At, l.Head.Topic, l.Head.Partition, l.Head.Offset, l.Head.Type, l.Head.OrderId, l.Head.Reason,
        l.Size, l.Preview, l.Resolved?.How ?? "open", l.Resolved?.Operator, l.Resolved?.Reason, l.Resolved?.At);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(IReadOnlyList<LetterRow>))]
internal sealed partial class LetterJson : JsonSerializerContext;
