using System.CommandLine;
using System.Globalization;
using CardShop.Contracts;
using CardShop.Pipeline.Log;
using CardShop.Pipeline.Outbox;
using CardShop.Shop.Operators;
using CardShop.Shop.Orders;
using CardShop.Shop.Stock;
using CardShop.Shop.Store;
using CardShop.Shopctl.Operators;
using CardShop.Shopctl.Products;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;
using Microsoft.Extensions.Logging.Abstractions;

namespace CardShop.Shopctl.Stock;

/// <summary><c>shopctl stock transfer</c>: keys of a product leave this region for another.</summary>
internal static class TransferCommand
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    public static Command Create(Session session)
    {
        var sku = new Argument<string>("SKU") { Description = "Which product." };
        var to = new Option<string>("--to") { Description = "The region that shall sell them, by its letter.", HelpName = "REGION", Required = true };
        var quantity = new Option<int>("--quantity") { Description = "How many keys.", HelpName = "N", Required = true };
        var command = new Command(
            "transfer",
            "Moves available keys to another region: here they become void, there they come in as a batch. Only from the product's " +
            "home region, each key once. Interrupted, the same command under the same approval goes on and moves none twice.")
        {
            sku, to, quantity,
        };
        command.Takes(OperatorActions.StockTransfer);
        session.Bind(command, (servers, arguments, cancellation) => RunAsync(
            session, servers, ProductChange.RequireSku(arguments.GetValue(sku)), RegionOf(arguments.GetValue(to)),
            arguments.GetValue(quantity), cancellation));
        return command;
    }

    private static string RegionOf(string? text) => Regions.IsLetter(text)
        ? text!
        : throw new ShopctlException(ExitCodes.Usage, "--to takes a region's letter, a to z.");

    private static async Task<int> RunAsync(
        Session session, ShopServers servers, string sku, string to, int quantity, CancellationToken cancellation)
    {
        var fence = await servers.RequireWritableAsync(cancellation);
        var product = await ProductCommands.RequireAsync(servers, sku, cancellation);
        var own = servers.Settings.Region;
        var order = new TransferOrder(string.Empty, sku, own, to, quantity, string.Empty, string.Empty);
        // What is available is asked below: of a run that goes on, a part has been moved.
        Require(TransferRule.Against(order, product, long.MaxValue));
        await using var log = RegionLinks.Open(
            servers.Log, await LinksAsync(servers, to, cancellation), session.Time, NullLogger<KafkaLog>.Instance);
        await using var grant = await session.Operators.RequireAsync(
            OperatorActions.StockTransfer, sku, null,
            [("to", to), ("quantity", quantity.ToString(CultureInfo.InvariantCulture))], cancellation);
        order = order with
        {
            Id = TransferRule.IdOf(grant.CommandId),
            Operator = grant.Operator.Name,
            Reason = $"moved to region {to}",
        };
        var transfer = new StockTransfer(servers.Database, fence, session.Time);
        if (!await transfer.IsBegunAsync(order, cancellation))
        {
            Require(TransferRule.Against(order, product, await AvailableAsync(servers, new(sku, own), cancellation)));
        }

        var dispatcher = new Dispatcher(
            new OutboxTable(servers.Database, PostgresShopStore.ReviewAsync), log, servers.Bus, DispatchOptions.Default, session.Time,
            new Random(), NullLogger<Dispatcher>.Instance);
        var moved = 0;
        await WorkProgress.RunAsync(session.Screen, session.Time, "transfer", async progress =>
        {
            for (var part = 0; moved < quantity; part++)
            {
                var done = await transfer.MoveAsync(order, part, quantity - moved, cancellation);
                if (done.Keys == 0)
                {
                    // Sold or reserved since it began.
                    break;
                }

                moved += done.Keys;
                if (done.Row is { } row)
                {
                    await dispatcher.PostAsync(row, cancellation);
                }

                progress((double)moved / quantity, string.Create(CultureInfo.InvariantCulture, $"{moved:N0} of {quantity:N0} keys"));
            }

            await dispatcher.DrainAsync(cancellation);
        });
        var text = string.Create(
            CultureInfo.InvariantCulture, $"{moved:N0} of {quantity:N0} keys of {sku} have left region {own} for {to}, batch {order.Id}.");
        await grant.DoneAsync(null, text, cancellation, moved);
        session.Screen.Line(text);
        if (await UnsentAsync(servers, cancellation) is > 0 and var unsent)
        {
            session.Screen.Line(string.Create(
                CultureInfo.InvariantCulture,
                $"{unsent:N0} outbox rows are not sent yet: the fleets send them, where Regions__{to}__BootstrapServers is set for them too."));
        }

        return moved == quantity ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private static void Require(string? objection)
    {
        if (objection is not null)
        {
            throw new ShopctlException(ExitCodes.Failed, objection + " Nothing was moved.");
        }
    }

    private static async Task<long> AvailableAsync(ShopServers servers, StockKey key, CancellationToken cancellation) =>
        (await new PostgresShopStore(servers.Database).AvailableAsync([key], cancellation)).GetValueOrDefault(key);

    /// <summary>The way to the region, which answers; nothing is moved before.</summary>
    private static async Task<IReadOnlyDictionary<string, KafkaSettings>> LinksAsync(
        ShopServers servers, string to, CancellationToken cancellation)
    {
        var links = servers.Settings.RegionLinks;
        if (!links.TryGetValue(to, out var link))
        {
            throw new ShopctlException(
                ExitCodes.Usage,
                $"Setting {RegionLinks.Section}__{to}__BootstrapServers is missing: it holds host:port of region {to}'s Kafka brokers. " +
                "The fleets of this region need it as well.");
        }

        await using var log = new KafkaLog(link, servers.Time, NullLogger<KafkaLog>.Instance);
        try
        {
            await log.EndsAsync([Topics.KeyBatches], cancellation).WaitAsync(Limit, servers.Time, cancellation);
        }
        catch (Exception e) when (ShopServers.IsAbsence(e))
        {
            throw new ShopctlException(
                ExitCodes.Unreachable,
                $"Region {to}'s Kafka at {link.BootstrapServers} cannot be reached, or has no topic {link.TopicPrefix}{Topics.KeyBatches.Name}. " +
                "Nothing was moved.",
                e);
        }

        return links;
    }

    private static async Task<long> UnsentAsync(ShopServers servers, CancellationToken cancellation)
    {
        await using var command = servers.Database.CreateCommand(
            "SELECT count(*) FROM (SELECT FROM shop.outbox WHERE created_at < clock_timestamp() - interval '1 second' LIMIT 1000) AS r");
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }
}
