using System.Globalization;
using CardShop.Shop.Catalog;
using CardShop.Shop.Channels;
using CardShop.Shop.Operators;
using CardShop.Shop.Orders;
using CardShop.Shop.Replay;

namespace CardShop.Api.Admin.Commands;

/// <summary>
/// Every command that the console may run, and nothing else: the list that stands between a page and a command line. Pure.
/// </summary>
public static class CommandTable
{
    public const string WhyHint = "Say why, in 1 to 200 characters, the first no hyphen. It is kept in the audit.";

    private const int MostIds = 100;
    private const string AnyPlace = ReplayPlace.Forms + ".";
    private static readonly TimeSpan Look = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Deed = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Plan = TimeSpan.FromMinutes(30);

    private static readonly CommandArgument Letters = new("ids", $"a list of 1 to {MostIds} letters, as \"0:12\".")
    {
        IsRequired = true,
        Most = MostIds,
        Fits = IsLetter,
    };

    private static readonly CommandArgument Messages = new("ids", $"a list of 1 to {MostIds} ids of messages.")
    {
        IsRequired = true,
        Most = MostIds,
        Fits = IsName,
    };

    private static readonly IReadOnlyList<CommandArgument> Range =
    [
        new("topic", "one of " + string.Join(", ", ReplayTopic.All.Select(t => t.Topic.Name)) + ".")
        {
            IsRequired = true,
            Fits = text => ReplayTopic.Find(text) is not null,
        },
        new("from", AnyPlace) { IsRequired = true, Option = "--from", Fits = text => ReplayPlace.Parse(text) is not null },
        new("to", AnyPlace) { Option = "--to", Fits = text => ReplayPlace.Parse(text) is not null },
        new("sku", "a product's sku.") { Option = "--sku", Fits = ProductDraft.IsSku },
        new("order", "an order's id.") { Option = "--order", Fits = OrderIds.IsValid },
    ];

    private static readonly CommandArgument Rate = new("rate", "1 to 1000000 records a second.")
    {
        Option = "--rate",
        Range = (1, 1_000_000),
    };

    private static readonly CommandArgument ReplayId = new("id", "a replay's id, as replay.list has it.")
    {
        IsRequired = true,
        Fits = text => text.Length <= 32 && text.All(char.IsAsciiHexDigitLower),
    };

    private static readonly CommandArgument Channel = new("channel", "one of " + string.Join(", ", PaymentChannels.Known) + ".")
    {
        IsRequired = true,
        Fits = PaymentChannels.Known.Contains,
    };

    /// <summary>The import of keys, which has an address of its own: its words are <see cref="ImportWords"/>.</summary>
    public static readonly ConsoleCommand Import =
        new("keys.import", OperatorActions.KeysImport, ["keys", "import"], TimeSpan.FromHours(12)) { StopsWhenLeft = true };

    public static readonly IReadOnlyList<ConsoleCommand> All =
    [
        new("dead-letters.list", AdminRules.View, ["dead-letters", "list", "--json"], Look)
        {
            Arguments =
            [
                new("topic", "a topic's or queue's name.") { Option = "--topic", Fits = IsName },
                new("limit", "1 to 1000.") { Option = "--limit", Range = (1, 1_000) },
            ],
            IsJson = true,
            StopsWhenLeft = true,
        },
        new("dead-letters.retry", OperatorActions.DeadLettersRetry, ["dead-letters", "retry"], Deed) { Arguments = [Letters] },
        new("dead-letters.discard", OperatorActions.DeadLettersDiscard, ["dead-letters", "discard"], Deed) { Arguments = [Letters] },
        // What it looks at is held back from the queue until it ends: it comes to its end.
        new("errors.list", AdminRules.View, ["errors", "list", "--json"], Look)
        {
            Arguments = [new("limit", "1 to 1000.") { Option = "--limit", Range = (1, 1_000) }],
            IsJson = true,
        },
        new("errors.retry", OperatorActions.ErrorsRetry, ["errors", "retry"], Deed) { Arguments = [Messages] },
        new("errors.discard", OperatorActions.ErrorsDiscard, ["errors", "discard"], Deed) { Arguments = [Messages] },
        new("replay.plan", AdminRules.View, ["replay"], Plan) { Arguments = Range, Last = ["--dry-run"], StopsWhenLeft = true },
        new("replay.run", OperatorActions.Replay, ["replay"], TimeSpan.FromHours(12))
        {
            Arguments = [.. Range, Rate],
            StopsWhenLeft = true,
        },
        new("replay.resume", OperatorActions.Replay, ["replay"], TimeSpan.FromHours(12))
        {
            Arguments = [ReplayId with { Option = "--resume" }],
            StopsWhenLeft = true,
        },
        new("replay.list", AdminRules.View, ["replay", "list", "--json"], Look) { IsJson = true, StopsWhenLeft = true },
        new("replay.abandon", OperatorActions.ReplayAbandon, ["replay", "abandon"], Look) { Arguments = [ReplayId] },
        new("recover.plan", AdminRules.View, ["recover", "--dry-run"], Plan) { StopsWhenLeft = true },
        // It begins anew when it is interrupted: no page that is closed does that to it.
        new("recover.run", OperatorActions.Recover, ["recover", "--yes"], TimeSpan.FromHours(24)),
        new("recover.work", OperatorActions.RecoverWork, ["recover", "--work"], TimeSpan.FromHours(1)),
        new("order.story", AdminRules.View, ["order"], TimeSpan.FromMinutes(2))
        {
            Arguments = [new("id", "an order's id, or a provider number of it.") { IsRequired = true, Fits = IsOrder }],
            Last = ["--story", "--json"],
            IsJson = true,
            StopsWhenLeft = true,
        },
        new("channels.on", OperatorActions.ChannelSwitch, ["channels", "on"], Look) { Arguments = [Channel] },
        new("channels.off", OperatorActions.ChannelSwitch, ["channels", "off"], Look) { Arguments = [Channel] },
    ];

    /// <summary>Null where the console may not run it, or there is none.</summary>
    public static ConsoleCommand? Find(string? name) => All.FirstOrDefault(c => c.Name == name);

    /// <summary>A reason that shopctl may be told.</summary>
    public static bool IsWhy(string? why) => AdminInput.IsText(why, AdminInput.MaxWhy) && why!.Trim()[0] != '-';

    /// <returns>shopctl's words for an import from standard input, or what is wrong, by field.</returns>
    public static (IReadOnlyList<string>? Words, Problem? Wrong) ImportWords(string sku, long bytes, KeyImportQuery query)
    {
        var faults = new Dictionary<string, string[]>();
        var words = new List<string>(Import.Words) { sku, "-", string.Create(CultureInfo.InvariantCulture, $"--bytes={bytes}") };
        void Add(string name, string? value, Func<string, bool> fits, string hint, Func<string, string?> word)
        {
            if (value is not null && !fits(value))
            {
                faults[name] = ["It must be " + hint];
            }
            else if (value is not null && word(value) is { } said)
            {
                words.Add(said);
            }
        }

        Add("sku", sku, ProductDraft.IsSku, "a product's sku.", _ => null);
        Add("format", query.Format ?? "text", f => f is "text" or "csv", "text or csv.", f => "--format=" + f);
        Add(
            "name", query.Name, n => AdminInput.IsText(n, 100) && n.Trim()[0] != '-', "1 to 100 characters, the first no hyphen.",
            n => "--name=" + n.Trim());
        Add(
            "quota", query.Quota,
            q => int.TryParse(q, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n is >= 1 and <= 100_000, "1 to 100000.",
            q => "--quota=" + q);
        Add("header", query.Header, h => h is "true" or "false", "true or false.", h => h == "false" ? "--no-header" : null);
        Add(
            "encoding", query.Encoding, e => e is "auto" or "utf-8" or "gbk" or "gb18030" or "utf-16" or "utf-16le" or "utf-16be",
            "auto, utf-8, gbk, gb18030, utf-16, utf-16le or utf-16be.", e => "--encoding=" + e);
        Add("Why", query.Why, IsWhy, "a reason of 1 to 200 characters, percent-encoded, the first no hyphen.", w => "--why=" + w.Trim());
        return faults.Count > 0 ? (null, Problem.Fields(faults)) : (words, null);
    }

    private static bool IsLetter(string text) =>
        text.Split(':') is [{ Length: >= 1 and <= 3 } partition, { Length: >= 1 and <= 18 } offset]
        && partition.All(char.IsAsciiDigit) && offset.All(char.IsAsciiDigit);

    private static bool IsName(string text) => text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or ':');

    private static bool IsOrder(string text) => OrderIds.IsValid(OrderIds.OfProviderNumber(text) ?? text);
}

/// <summary>What the address of an import says beside the product.</summary>
/// <param name="Why">The header, decoded.</param>
public sealed record KeyImportQuery(string? Format, string? Name, string? Quota, string? Header, string? Encoding, string? Why);
