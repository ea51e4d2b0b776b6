using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using CardShop.Pipeline.Outbox;
using CardShop.Shop.Housekeeping;
using CardShop.Shop.Operators;
using CardShop.Shop.Orders;
using CardShop.Shop.Store;
using CardShop.Shopctl.Operators;
using CardShop.Shopctl.Orders;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;
using Microsoft.Extensions.Logging.Abstractions;

namespace CardShop.Shopctl.Housekeeping;

/// <summary><c>shopctl buyer erase</c>: a buyer asks that the shop forget the contact.</summary>
public static class BuyerCommands
{
    public static Command Create(Session session) => new("buyer", "What the shop keeps of a buyer.") { Erase(session) };

    private static Command Erase(Session session)
    {
        var contact = new Option<bool>("--contact-stdin") { Description = "Reads the contact from standard input: it must stand in no shell history." };
        var orders = new Option<string[]>("--order") { Description = "Only these orders; may be repeated.", HelpName = "ID" };
        var erase = new Command(
            "erase",
            """
            Takes the contact and everything made of it out of the buyer's finished orders: database, notes about mails, archive.
            Payments and keys stay: they are the shop's books. Orders that have not ended are listed; ask again when they have.
            Topics and backups hold the contact sealed, until the month's key expires (shopctl secrets expire-months).
            """)
        {
            contact, orders,
        };
        erase.Takes(OperatorActions.BuyerErase);
        erase.Validators.Add(result =>
        {
            if (result.GetValue(contact) == result.GetValue(orders) is { Length: > 0 })
            {
                result.AddError("Say --contact-stdin, or --order ID.");
            }
        });
        session.Bind(erase, async (servers, arguments, cancellation) =>
        {
            var ids = (arguments.GetValue(orders) ?? []).Select(OrderCommand.RequireId).Distinct().ToArray();
            var hash = arguments.GetValue(contact)
                ? Contacts.Hash(servers.OpenSecrets().ContactHash, "contact", Contacts.Normalise(await ReadContactAsync(cancellation)))
                : null;
            var fence = await servers.RequireWritableAsync(cancellation);
            // The trail names orders, or a hash that nobody can make without the installation's secret: never the contact.
            await using var grant = await session.Operators.RequireAsync(
                OperatorActions.BuyerErase, ids.Length > 0 ? "orders" : "all orders of a contact", null,
                [("orders", ids.Length > 0 ? string.Join(' ', ids.Order(StringComparer.Ordinal)) : null), ("contact", hash)], cancellation);
            var dispatcher = new Dispatcher(
                new OutboxTable(servers.Database, PostgresShopStore.ReviewAsync), servers.Log, servers.Bus, DispatchOptions.Default,
                session.Time, new Random(), NullLogger<Dispatcher>.Instance);
            var archive = HousekeepingSettings.Archive(session.Settings);
            var erasure = new ContactErasure(
                servers.Database, new PostgresShopStore(servers.Database), fence, dispatcher, archive, session.Time);
            var (code, erased) = await RunAsync(session, servers, erasure, archive, ids, hash, cancellation);
            await grant.DoneAsync(null, "erased", cancellation, erased);
            return code;
        });
        return erase;
    }

    private static async Task<(int Code, int Erased)> RunAsync(
        Session session, ShopServers servers, ContactErasure erasure, ArchiveFiles? archive, string[] ids, string? hash,
        CancellationToken cancellation)
    {
        // Documents first: an order that is archived meanwhile is found in its file.
        var report = await erasure.EraseDocumentsAsync(hash is null ? ids : await erasure.FindAsync(hash, cancellation), cancellation);
        var filed = new List<string>();
        if (archive is null)
        {
            session.Screen.Note($"No archive was searched: setting {HousekeepingOptions.ArchiveSetting} names no folder.");
        }
        else
        {
            var mark = hash is null ? null : JsonEncodedText.Encode(hash).ToString();
            var places = hash is null ? await PlacesAsync(servers, archive, ids, cancellation) : [.. archive.Places()];
            await WorkProgress.RunAsync(session.Screen, session.Time, "archive", async progress =>
            {
                for (var i = 0; i < places.Count; i++)
                {
                    filed.AddRange(await erasure.EraseFileAsync(
                        places[i], mark ?? "\"id\":\"", o => hash is null ? ids.Contains(o.Id) : o.Payment.Order!.ContactHash == hash, cancellation));
                    progress((i + 1.0) / places.Count, places[i]);
                }
            });
        }

        session.Screen.Line(string.Create(
            CultureInfo.InvariantCulture,
            $"Erased: {report.Erased.Count:N0} orders in the database, {filed.Distinct().Count():N0} in the archive."));
        foreach (var open in report.Open)
        {
            session.Screen.Line($"{open} has not ended: its buyer may still have to be reached. Ask again when it has.");
        }

        return (report.Open.Count > 0 ? ExitCodes.Failed : ExitCodes.Ok, report.Erased.Concat(filed).Distinct().Count());
    }

    /// <summary>The files of archived orders, and of their months: a database that came back from a backup has archived some twice.</summary>
    private static async Task<IReadOnlyList<string>> PlacesAsync(
        ShopServers servers, ArchiveFiles archive, string[] ids, CancellationToken cancellation)
    {
        await using var command = servers.Database.CreateCommand("SELECT DISTINCT split_part(place, '/', 1) FROM shop.archive WHERE id = ANY($1)");
        command.Parameters.Add(new() { Value = ids });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var places = new List<string>();
        while (await reader.ReadAsync(cancellation))
        {
            places.AddRange(archive.Places(reader.GetString(0)));
        }

        return places;
    }

    private static async Task<string> ReadContactAsync(CancellationToken cancellation) =>
        await Console.In.ReadLineAsync(cancellation) is { Length: > 0 and <= 254 } line && line.Trim().Length > 0
            ? line
            : throw new ShopctlException(ExitCodes.Usage, "Standard input must hold the contact as one line.");
}
