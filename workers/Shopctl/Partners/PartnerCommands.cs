using System.CommandLine;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using CardShop.Contracts;
using CardShop.Shop.Catalog;
using CardShop.Shop.Operators;
using CardShop.Shop.Partners;
using CardShop.Shopctl.Operators;
using CardShop.Shopctl.Products;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Partners;

/// <summary><c>shopctl partner</c>: who may read events and place orders by API key, and their webhooks.</summary>
public static partial class PartnerCommands
{
    private const int KeyBytes = 36;

    public static Command Create(Session session) => new("partner", "Partners, their API keys and webhooks.")
    {
        Add(session),
        List(session),
        Rotate(session),
        Switch(session, "disable", "Refuses every key of a partner and stops its webhooks.", enabled: false),
        Switch(session, "enable", "Takes a disabled partner's keys again; its webhooks are sent what they missed.", enabled: true),
        WebhookCommands.Create(session),
    };

    /// <exception cref="ShopctlException">There is no such partner.</exception>
    public static async Task<Partner> RequireAsync(ShopServers servers, string id, CancellationToken cancellation) =>
        await PartnerStore.FindAsync(servers.Database, id, cancellation)
        ?? throw new ShopctlException(
            ExitCodes.Failed, $"There is no partner {id}. 'shopctl partner list' shows all, 'shopctl partner add' makes one.");

    /// <summary>Each value a sku. Null where none is given: no limit.</summary>
    public static IReadOnlyList<string>? Skus(string[]? values) =>
        values is { Length: > 0 } ? [.. values.Select(ProductChange.RequireSku).Distinct()] : null;

    /// <summary>Products may come later, so a SKU that nobody knows is said, not refused.</summary>
    public static async Task WarnOfUnknownAsync(
        Session session, ShopServers servers, IReadOnlyList<string>? skus, CancellationToken cancellation)
    {
        foreach (var sku in skus ?? [])
        {
            if (await CatalogStore.FindAsync(servers.Database, sku, cancellation) is null)
            {
                session.Screen.Note(
                    $"Warning: there is no product {sku}, so nothing will be sent for it until there is. Is it mistyped?");
            }
        }
    }

    private static Command Add(Session session)
    {
        var id = new Argument<string>("ID") { Description = "1 to 64 of a-z, 0-9 and hyphen; it never changes." };
        var name = new Option<string?>("--name") { Description = "For people (the id).", HelpName = "N" };
        var skus = new Option<string[]>("--sku") { Description = "Only events of this product; can be repeated (all)." };
        var scopes = new Option<string[]>("--scope") { Description = "What its keys may do; can be repeated (all)." };
        scopes.AcceptOnlyFromAmong([.. PartnerScopes.All]);
        var add = new Command("add", "Adds a partner and prints its API key, once.") { id, name, skus, scopes };
        add.Takes(OperatorActions.PartnerAdd);
        session.Bind(add, async (servers, arguments, cancellation) =>
        {
            var partner = new Partner(
                RequireId(arguments.GetValue(id)!), arguments.GetValue(name) ?? arguments.GetValue(id)!, true,
                arguments.GetValue(scopes) is { Length: > 0 } given ? [.. given.Distinct()] : PartnerScopes.All,
                Skus(arguments.GetValue(skus)), [], 0);
            await servers.RequireWritableAsync(cancellation);
            if (await PartnerStore.FindAsync(servers.Database, partner.Id, cancellation) is not null)
            {
                throw new ShopctlException(ExitCodes.Failed, $"There is a partner {partner.Id} already.");
            }

            await WarnOfUnknownAsync(session, servers, partner.Skus, cancellation);
            await using var grant = await session.Operators.RequireAsync(
                OperatorActions.PartnerAdd, partner.Id, null, [], cancellation);
            var key = NewKey(servers, session);
            await PartnerStore.PutAsync(servers.Database, partner with { Keys = [key.Kept] }, cancellation);
            // First of all: it is valid, and cannot be shown again.
            Show(session, partner.Id, key);
            await grant.DoneAsync(null, $"key {key.Kept.Id}, {string.Join(' ', partner.Scopes)}", cancellation);
            return ExitCodes.Ok;
        });
        return add;
    }

    private static Command Rotate(Session session)
    {
        var id = new Argument<string>("ID") { Description = "Which partner." };
        var overlap = new Option<double>("--overlap-hours")
        {
            Description = "How long the present key stays valid, 0 to 720 (24).",
            HelpName = "N",
            DefaultValueFactory = _ => 24,
        };
        var rotate = new Command("rotate", "Gives a partner a new API key and prints it, once.") { id, overlap };
        rotate.Takes(OperatorActions.PartnerRotate);
        session.Bind(rotate, async (servers, arguments, cancellation) =>
        {
            var hours = RequireOverlap(arguments.GetValue(overlap));
            await servers.RequireWritableAsync(cancellation);
            var partner = await RequireAsync(servers, arguments.GetValue(id)!, cancellation);
            await using var grant = await session.Operators.RequireAsync(
                OperatorActions.PartnerRotate, partner.Id, null, [], cancellation);
            var key = NewKey(servers, session);
            var now = session.Time.GetUtcNow();
            await PartnerStore.PutAsync(
                servers.Database, PartnerKeys.Rotate(partner, key.Kept, now + hours, now), cancellation);
            Show(session, partner.Id, key);
            session.Screen.Line($"The key before is valid until {Screen.Time(now + hours)}.");
            await grant.DoneAsync(
                string.Join(' ', partner.Keys.Select(k => k.Id)), $"{key.Kept.Id}; the one before until {Screen.Time(now + hours)}",
                cancellation);
            return ExitCodes.Ok;
        });
        return rotate;
    }

    /// <exception cref="ShopctlException">It is out of its bounds.</exception>
    public static TimeSpan RequireOverlap(double hours) => hours is >= 0 and <= 720
        ? TimeSpan.FromHours(hours)
        : throw new ShopctlException(ExitCodes.Usage, "--overlap-hours must be 0 to 720.");

    private static Command Switch(Session session, string verb, string description, bool enabled)
    {
        var id = new Argument<string>("ID") { Description = "Which partner." };
        var command = new Command(verb, description) { id };
        var action = enabled ? OperatorActions.PartnerEnable : OperatorActions.PartnerDisable;
        command.Takes(action);
        session.Bind(command, async (servers, arguments, cancellation) =>
        {
            await servers.RequireWritableAsync(cancellation);
            var partner = await RequireAsync(servers, arguments.GetValue(id)!, cancellation);
            await using var grant = await session.Operators.RequireAsync(action, partner.Id, null, [], cancellation);
            var missed = await PartnerStore.SwitchAsync(
                servers.Database, partner, enabled, session.Time.GetUtcNow(), cancellation);
            await grant.DoneAsync(partner.Enabled ? "enabled" : "disabled", verb + "d", cancellation);
            session.Screen.Line($"Partner {partner.Id} is {verb}d.");
            foreach (var (webhook, since) in missed)
            {
                session.Screen.Line(enabled
                    ? $"Webhook {webhook}: events since {Screen.Time(since)} are sent again."
                    : $"Webhook {webhook} is not called; 'shopctl partner enable {partner.Id}' sends it events since {Screen.Time(since)}.");
            }

            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command List(Session session)
    {
        var list = new Command("list", "All partners, their keys (never the text) and webhooks.");
        session.Bind(list, async (servers, _, cancellation) =>
        {
            await servers.RequireDatabaseAsync(cancellation);
            var now = session.Time.GetUtcNow();
            var partners = Screen.Table("partner", "name", "state", "scopes", "products", "keys");
            foreach (var partner in await PartnerStore.ListAsync(servers.Database, cancellation))
            {
                Screen.Row(
                    partners, partner.Id, partner.Name, partner.Enabled ? "enabled" : "disabled",
                    string.Join(", ", partner.Scopes), partner.Skus is { } skus ? string.Join(", ", skus) : "all",
                    string.Join(", ", partner.Keys.Where(k => !(k.ExpiresAt <= now))
                        .Select(k => k.ExpiresAt is { } end ? $"{k.Id} until {Screen.Time(end)}" : k.Id)));
            }

            session.Screen.Show(partners);
            WebhookCommands.Show(session, await PartnerStore.WebhooksAsync(servers.Database, cancellation));
            return ExitCodes.Ok;
        });
        return list;
    }

    private static NewPartnerKey NewKey(ShopServers servers, Session session) => PartnerKeys.Create(
        servers.OpenSecrets().ContactHash, RandomNumberGenerator.GetBytes(KeyBytes), session.Time.GetUtcNow());

    private static void Show(Session session, string partner, NewPartnerKey key)
    {
        session.Screen.Line($"Partner {partner}: {key.Text}");
        session.Screen.Note("Hand it over safely: it is not kept, and cannot be shown again. It works within a second.");
    }

    private static string RequireId(string id) => IdPattern().IsMatch(id)
        ? id
        : throw new ShopctlException(ExitCodes.Usage, "ID must be 1 to 64 of a-z, 0-9 and hyphen.");

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9-]{0,63}\z")]
    private static partial Regex IdPattern();
}
