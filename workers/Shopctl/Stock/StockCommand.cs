using System.CommandLine;
using System.Globalization;
using CardShop.Contracts;
using CardShop.Shop.Stock;
using CardShop.Shopctl.Audit;
using CardShop.Shopctl.Products;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Stock;

/// <summary><c>shopctl stock</c>: the counters of every product, and on demand whether the rows behind them say the same.</summary>
public static class StockCommand
{
    public static Command Create(Session session)
    {
        var sku = new Argument<string?>("SKU") { Arity = ArgumentArity.ZeroOrOne, Description = "Only this product (all)." };
        var check = new Option<bool>("--check")
        {
            Description = "Counts the rows behind the counters as well: reads every key and order once; exit code 1 where they differ.",
        };
        var stock = new Command(
            "stock", "Keys per product: imported, available, reserved, held by unpaid orders, sold, void; warns of low stock.")
        {
            sku, check, TransferCommand.Create(session),
        };
        session.Bind(stock, (servers, arguments, cancellation) => RunAsync(
            session, servers, arguments.GetValue(sku) is { } one ? ProductChange.RequireSku(one) : null,
            arguments.GetValue(check), cancellation));
        return stock;
    }

    private static async Task<int> RunAsync(
        Session session, ShopServers servers, string? sku, bool check, CancellationToken cancellation)
    {
        await servers.RequireDatabaseAsync(cancellation);
        if (sku is not null)
        {
            await ProductCommands.RequireAsync(servers, sku, cancellation);
        }

        var evidence = new Dictionary<StockKey, StockEvidence>();
        IReadOnlyList<StockRow> rows;
        if (check)
        {
            session.Screen.Note("Counting the rows behind the counters …");
            (rows, evidence) = await StockQueries.CheckedAsync(servers.Database, sku, cancellation);
        }
        else
        {
            rows = await StockQueries.ReadAsync(servers.Database, sku, cancellation);
        }

        var drift = check ? rows.SelectMany(r => r.Drift(evidence)).Concat(StockRow.Orphans(rows, evidence)).ToList() : [];
        Show(session, rows, check ? evidence : null);
        drift.ForEach(session.Screen.Line);
        foreach (var warning in rows.Select(r => r.Warning).OfType<string>())
        {
            session.Screen.Note("Warning: " + warning);
        }

        if (check)
        {
            session.Screen.Line(drift.Count == 0
                ? "No drift: every counter is what the rows say."
                : $"DRIFT: {Number(drift.Count)} counters differ from their rows. See the runbook for stock drift; sell on, nothing is issued twice.");
        }

        return drift.Count == 0 ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private static void Show(Session session, IReadOnlyList<StockRow> rows, Dictionary<StockKey, StockEvidence>? evidence)
    {
        var table = Screen.Table(
            "sku", "region", "#imported", "#available", "#reserved", "#of it held", "#sold", "#void", "#low below", "state");
        foreach (var row in rows)
        {
            var c = row.Counters;
            Screen.Row(
                table, row.Key.Sku, row.Key.Region, Number(c.Imported), Number(c.Available), Number(c.Reserved), Number(c.Held),
                Number(c.Sold), Number(c.Void), row.LowStock == 0 ? "-" : Number(row.LowStock),
                evidence is null || !row.Drift(evidence).Any() ? row.State : "DRIFT");
        }

        session.Screen.Show(table);
    }

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}

/// <summary>One product in one region. Pure.</summary>
/// <param name="LowStock">Fewer available are pointed out; 0 = never.</param>
public sealed record StockRow(StockKey Key, StockCounters Counters, ProductKind Kind, bool OnSale, int LowStock)
{
    /// <summary>In a word.</summary>
    public string State => Kind == ProductKind.Manual ? "manual: no stock"
        : !OnSale ? "off sale"
        : Counters.Available == 0 ? "sold out"
        : IsLow ? "low"
        : "ok";

    /// <summary>What an operator should do something about; null where there is nothing.</summary>
    public string? Warning => Kind == ProductKind.Manual || !OnSale || !IsLow
        ? null
        : string.Create(
            CultureInfo.InvariantCulture,
            $"{Key.Sku} in region {Key.Region}: {Counters.Available:N0} available, fewer than {LowStock:N0}. " +
            $"Import more: shopctl keys import {Key.Sku} FILE");

    private bool IsLow => LowStock > 0 && Counters.Available < LowStock;

    /// <summary>One text per counter that is not what the rows say.</summary>
    public IEnumerable<string> Drift(IReadOnlyDictionary<StockKey, StockEvidence> evidence) =>
        StockRules.Check(Key, Counters, evidence.GetValueOrDefault(Key));

    /// <summary>Keys and reservations of products that have no counters at all.</summary>
    public static IEnumerable<string> Orphans(
        IReadOnlyList<StockRow> rows, IReadOnlyDictionary<StockKey, StockEvidence> evidence) =>
        evidence.Keys.Except(rows.Select(r => r.Key)).SelectMany(k => StockRules.Check(k, null, evidence[k]));
}
