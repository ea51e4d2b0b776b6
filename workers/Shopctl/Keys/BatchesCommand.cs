using System.CommandLine;
using System.Globalization;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Keys;

/// <summary><c>shopctl keys batches</c>.</summary>
internal static class BatchesCommand
{
    public static Command Create(Session session)
    {
        var sku = new Argument<string?>("SKU")
        {
            Description = "Of this product; of all without it.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var days = new Option<int>("--days")
        {
            Description = "Imported in the last N days.",
            DefaultValueFactory = _ => 30,
            HelpName = "N",
        };
        var limit = new Option<int>("--limit")
        {
            Description = "The latest N imports.",
            DefaultValueFactory = _ => 20,
            HelpName = "N",
        };
        var batches = new Command(
            "batches", "Imports, the latest first: their keys, how many were new, and what became of those.")
        {
            sku, days, limit,
        };
        session.Bind(batches, (servers, arguments, cancellation) => RunAsync(
            session, servers, arguments.GetValue(sku), KeysCommands.Within(arguments.GetValue(days), 1, 36_500, "--days"),
            KeysCommands.Within(arguments.GetValue(limit), 1, 1_000, "--limit"), cancellation));
        return batches;
    }

    private static async Task<int> RunAsync(
        Session session, ShopServers servers, string? sku, int days, int limit, CancellationToken cancellation)
    {
        await servers.RequireDatabaseAsync(cancellation);
        var lines = await KeyBatches.ListAsync(
            servers.Database, sku, session.Time.GetUtcNow().AddDays(-days), limit, cancellation);
        var table = Screen.Table(
            "id", "sku", "when", "#parts", "#keys", "#new", "#duplicates", "#unsold", "#sold", "#void");
        foreach (var line in lines)
        {
            Screen.Row(
                table, line.Id, line.Sku, line.At.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture),
                Number(line.Batches), Number(line.Keys), Number(line.New), Number(line.Duplicates), Number(line.Unsold),
                Number(line.Sold), Number(line.Void));
        }

        session.Screen.Show(table);
        return ExitCodes.Ok;
    }

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
