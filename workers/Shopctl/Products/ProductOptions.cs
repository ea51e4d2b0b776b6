using System.CommandLine;
using CardShop.Contracts;
using CardShop.Shopctl.Settings;

namespace CardShop.Shopctl.Products;

/// <summary>The settings of a product, as options. None is required: what is left out stays as it is.</summary>
public sealed class ProductOptions
{
    private readonly Option<string?> _name = new("--name") { Description = "1 to 120 characters.", HelpName = "N" };
    private readonly Option<long?> _price = new("--price") { Description = "Per unit, in fen.", HelpName = "FEN" };
    private readonly Option<int?> _max = new("--max-quantity")
    {
        Description = "Per order, 1 to 10000 (10).",
        HelpName = "N",
    };

    private readonly Option<string?> _currency = new("--currency") { Description = "Three letters (CNY).", HelpName = "CODE" };
    private readonly Option<string?> _hold = new("--hold") { Description = "When stock is set aside (order)." };
    private readonly Option<int?> _holdMinutes = new("--hold-minutes") { Description = "Time to pay (15).", HelpName = "N" };
    private readonly Option<int?> _holdSeconds = new("--hold-seconds")
    {
        Description = "The same in seconds.",
        HelpName = "N",
    };

    private readonly Option<int?> _waitMinutes = new("--wait-minutes")
    {
        Description =
            "How long a paid order waits for stock (0 = refund at once); of manual goods, for its operator (0 = a day).",
        HelpName = "N",
    };

    private readonly Option<int?> _waitSeconds = new("--wait-seconds")
    {
        Description = "The same in seconds.",
        HelpName = "N",
    };

    private readonly Option<string?> _kind = new("--kind")
    {
        Description =
            "unique: a key per unit. reusable: each key is sold up to a quota. manual: an operator writes a text for " +
            "every order, no stock (unique). It never changes.",
    };

    private readonly Option<bool> _offSale = new("--off-sale") { Description = "Shown, but not sold." };
    private readonly Option<bool> _onSale = new("--on-sale") { Description = "Sold again." };
    private readonly Option<bool> _hidden = new("--hidden")
    {
        Description = "Kept off the public list, but sold to whoever knows the SKU.",
    };

    private readonly Option<bool> _listed = new("--listed") { Description = "On the public list again." };
    private readonly Option<int?> _lowStock = new("--low-stock")
    {
        Description = "'shopctl stock' points out fewer available than this (0 = never).",
        HelpName = "N",
    };

    private readonly Option<string?> _category = new("--category")
    {
        Description = "Under what buyers find it, at most 40 characters ('' = none).",
        HelpName = "TEXT",
    };

    private readonly Option<string?> _description = new("--description")
    {
        Description = "For buyers: what it is, how it is redeemed; plain text, at most 4000 characters ('' = none).",
        HelpName = "TEXT",
    };

    private readonly Option<string?> _descriptionFile = new("--description-file")
    {
        Description = "The same from a file in UTF-8, with its line breaks.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _home = new("--home")
    {
        Description = "The region, by its letter, where alone keys are imported (this one).",
        HelpName = "REGION",
    };

    private readonly Option<string[]> _tiers = new("--tier")
    {
        Description = "From N units in one order on, each costs so much; repeat it for every tier, at most 10. Replaces all tiers.",
        HelpName = "N=FEN",
    };

    private readonly Option<bool> _noTiers = new("--no-tiers") { Description = "One price for every quantity again." };

    public ProductOptions()
    {
        _hold.AcceptOnlyFromAmong("order", "payment");
        _kind.AcceptOnlyFromAmong("unique", "reusable", "manual");
    }

    public void AddTo(Command command)
    {
        Option[] all =
        [
            _name, _price, _max, _currency, _hold, _holdMinutes, _holdSeconds, _waitMinutes, _waitSeconds, _offSale, _onSale,
            _kind, _hidden, _listed, _lowStock, _category, _description, _descriptionFile, _tiers, _noTiers, _home,
        ];
        foreach (var option in all)
        {
            command.Options.Add(option);
        }
    }

    /// <exception cref="ShopctlException">Two of them contradict each other, or one cannot be read.</exception>
    public ProductChange Read(ParseResult arguments, string sku) => new(
        sku, arguments.GetValue(_name), arguments.GetValue(_price), arguments.GetValue(_max), arguments.GetValue(_currency),
        arguments.GetValue(_hold) switch { "order" => HoldPolicy.Order, "payment" => HoldPolicy.Payment, _ => null },
        Seconds(arguments.GetValue(_holdMinutes), arguments.GetValue(_holdSeconds), "--hold"),
        Seconds(arguments.GetValue(_waitMinutes), arguments.GetValue(_waitSeconds), "--wait"),
        Either(arguments.GetValue(_onSale), "--on-sale", arguments.GetValue(_offSale), "--off-sale"),
        arguments.GetValue(_kind) switch
        {
            "unique" => ProductKind.Unique,
            "reusable" => ProductKind.Reusable,
            "manual" => ProductKind.Manual,
            _ => null,
        })
    {
        Listed = Either(arguments.GetValue(_listed), "--listed", arguments.GetValue(_hidden), "--hidden"),
        LowStock = arguments.GetValue(_lowStock),
        Category = arguments.GetValue(_category),
        Description = ProductWords.Description(arguments.GetValue(_description), arguments.GetValue(_descriptionFile)),
        Home = arguments.GetValue(_home),
        Tiers = ProductWords.Tiers(arguments.GetValue(_tiers) ?? [], arguments.GetValue(_noTiers)),
    };

    private static int? Seconds(int? minutes, int? seconds, string name) => (minutes, seconds) switch
    {
        (not null, not null) => throw new ShopctlException(
            ExitCodes.Usage, $"Say {name}-minutes or {name}-seconds, not both."),
        ({ } m, null) => (int)Math.Clamp(m * 60L, int.MinValue, int.MaxValue),
        _ => seconds,
    };

    private static bool? Either(bool yes, string yesName, bool no, string noName) => (yes, no) switch
    {
        (true, true) => throw new ShopctlException(ExitCodes.Usage, $"Say {noName} or {yesName}, not both."),
        (true, false) => true,
        (false, true) => false,
        _ => null,
    };
}
