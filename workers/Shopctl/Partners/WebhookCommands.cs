using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using CardShop.Contracts;
using CardShop.Shop.Operators;
using CardShop.Shop.Partners;
using CardShop.Shopctl.Operators;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Partners;

/// <summary><c>shopctl partner webhook</c>: where events are sent to.</summary>
public static class WebhookCommands
{
    private const int SecretBytes = 32;

    public static Command Create(Session session) => new("webhook", "Endpoints that a partner's events are sent to.")
    {
        Add(session),
        Rotate(session),
        Disable(session),
        Enable(session),
    };

    public static void Show(Session session, IReadOnlyList<Webhook> webhooks)
    {
        var table = Screen.Table(
            "webhook", "partner", "url", "events", "state", "#pending", "#delivered", "#given up", "failing since", "last error");
        foreach (var webhook in webhooks)
        {
            Screen.Row(
                table, webhook.Id, webhook.Partner, webhook.Url,
                (webhook.Events is { } events ? string.Join(", ", events) : "all")
                    + (webhook.Skus is { } skus ? " of " + string.Join(", ", skus) : string.Empty),
                webhook.Enabled ? "enabled" : "disabled: " + webhook.Reason, Number(webhook.Pending), Number(webhook.Delivered),
                Number(webhook.GivenUp), Screen.Time(webhook.FailingSince), webhook.LastError ?? "-");
        }

        session.Screen.Show(table);
    }

    private static Command Add(Session session)
    {
        var partner = new Argument<string>("PARTNER") { Description = "Whose it is." };
        var url = new Argument<string>("URL") { Description = "Where events are sent: https://…" };
        var events = new Option<string[]>("--event") { Description = "Only events of this type; can be repeated (all)." };
        events.AcceptOnlyFromAmong([.. MessageTypes.PartnerEvents]);
        var skus = new Option<string[]>("--sku") { Description = "Only events of this product; can be repeated (all)." };
        var isPrivate = new Option<bool>("--allow-private")
        {
            Description = "Takes http: and private addresses, which only a fleet with Webhooks__AllowHttp and …AllowPrivateAddresses calls.",
        };
        var add = new Command("add", "Adds a webhook and prints its signing secret, once.") { partner, url, events, skus, isPrivate };
        add.Takes(OperatorActions.WebhookAdd);
        session.Bind(add, async (servers, arguments, cancellation) =>
        {
            var allow = arguments.GetValue(isPrivate);
            var address = arguments.GetValue(url)!;
            if (WebhookAddress.Refusal(address, new() { AllowHttp = allow, AllowPrivateAddresses = allow }) is { } refusal)
            {
                throw new ShopctlException(ExitCodes.Usage, $"URL is refused: {refusal}.");
            }

            await servers.RequireWritableAsync(cancellation);
            var owner = await PartnerCommands.RequireAsync(servers, arguments.GetValue(partner)!, cancellation);
            var products = PartnerCommands.Skus(arguments.GetValue(skus));
            await PartnerCommands.WarnOfUnknownAsync(session, servers, products, cancellation);
            var id = "wh_" + RandomNumberGenerator.GetHexString(16, lowercase: true);
            var secret = RandomNumberGenerator.GetBytes(SecretBytes);
            await using var grant = await session.Operators.RequireAsync(
                OperatorActions.WebhookAdd, owner.Id, null, [("url", address)], cancellation);
            await PartnerStore.AddWebhookAsync(
                servers.Database,
                new(
                    id, owner.Id, address, arguments.GetValue(events) is { Length: > 0 } types ? [.. types.Distinct()] : null,
                    products, true, null, session.Time.GetUtcNow(), 0, 0, 0, null, null,
                    null, null),
                Vault(servers).Seal(id, secret), cancellation);
            // First of all: it is in use, and cannot be shown again.
            Print(session, id, secret);
            if (!owner.Enabled)
            {
                session.Screen.Note($"Partner {owner.Id} is disabled: nothing is sent before 'shopctl partner enable {owner.Id}'.");
            }

            await grant.DoneAsync(null, $"{id} {address}", cancellation);
            return ExitCodes.Ok;
        });
        return add;
    }

    private static Command Rotate(Session session)
    {
        var id = new Argument<string>("ID") { Description = "Which webhook, as 'shopctl partner list' shows it." };
        var overlap = new Option<double>("--overlap-hours")
        {
            Description = "How long the present secret signs too, 0 to 720 (24). Where the one before it does so still, that one goes on instead.",
            HelpName = "N",
            DefaultValueFactory = _ => 24,
        };
        var rotate = new Command("rotate", "Gives a webhook a new signing secret and prints it, once.") { id, overlap };
        rotate.Takes(OperatorActions.WebhookRotate);
        session.Bind(rotate, async (servers, arguments, cancellation) =>
        {
            var hours = PartnerCommands.RequireOverlap(arguments.GetValue(overlap));
            await servers.RequireWritableAsync(cancellation);
            var webhook = arguments.GetValue(id)!;
            var secret = RandomNumberGenerator.GetBytes(SecretBytes);
            var now = session.Time.GetUtcNow();
            var until = now + hours;
            await using var grant = await session.Operators.RequireAsync(
                OperatorActions.WebhookRotate, webhook, null, [], cancellation);
            var isSecond = await PartnerStore.RotateSecretAsync(
                servers.Database, webhook, Vault(servers).Seal(webhook, secret), until, now, cancellation)
                ?? throw Unknown(webhook);
            Print(session, webhook, secret);
            session.Screen.Line(isSecond
                ? $"The secret before the last change still signed: it goes on until {Screen.Time(until)}. The one that is replaced now " +
                    "signs no more: if the partner has that already, give him this one at once."
                : $"The secret before signs too until {Screen.Time(until)}.");
            await grant.DoneAsync(
                null, $"{(isSecond ? "the secret before the last" : "the secret before")} until {Screen.Time(until)}", cancellation);
            return ExitCodes.Ok;
        });
        return rotate;
    }

    private static Command Disable(Session session)
    {
        var id = new Argument<string>("ID") { Description = "Which webhook." };
        var disable = new Command("disable", "Stops a webhook.") { id };
        disable.Takes(OperatorActions.WebhookDisable);
        session.Bind(disable, async (servers, arguments, cancellation) =>
        {
            await servers.RequireWritableAsync(cancellation);
            var webhook = await RequireAsync(servers, arguments.GetValue(id)!, cancellation);
            await using var grant = await session.Operators.RequireAsync(
                OperatorActions.WebhookDisable, webhook.Id, null, [], cancellation);
            var done = await PartnerStore.DisableWebhookAsync(
                servers.Database, webhook.Id, "by an operator", session.Time.GetUtcNow(), cancellation);
            await grant.DoneAsync(done ? "enabled" : "disabled", "disabled", cancellation);
            session.Screen.Line(done ? $"Webhook {webhook.Id} is disabled." : $"Webhook {webhook.Id} was disabled already.");
            return ExitCodes.Ok;
        });
        return disable;
    }

    private static Command Enable(Session session)
    {
        var id = new Argument<string>("ID") { Description = "Which webhook." };
        var enable = new Command("enable", "Calls a webhook again; what it missed since is sent first.") { id };
        enable.Takes(OperatorActions.WebhookEnable);
        session.Bind(enable, async (servers, arguments, cancellation) =>
        {
            await servers.RequireWritableAsync(cancellation);
            var webhook = await RequireAsync(servers, arguments.GetValue(id)!, cancellation);
            var owner = await PartnerCommands.RequireAsync(servers, webhook.Partner, cancellation);
            await using var grant = await session.Operators.RequireAsync(
                OperatorActions.WebhookEnable, webhook.Id, null, [], cancellation);
            var done = await PartnerStore.EnableWebhookAsync(
                servers.Database, webhook, session.Time.GetUtcNow(), cancellation);
            await grant.DoneAsync(done ? "disabled" : "enabled", "enabled", cancellation);
            session.Screen.Line(
                !done ? $"Webhook {webhook.Id} is not disabled."
                : !owner.Enabled
                    ? $"Webhook {webhook.Id} is enabled, but partner {owner.Id} is not: it is sent what it missed by 'shopctl partner enable {owner.Id}'."
                : webhook.MissedSince is { } missed
                    ? $"Webhook {webhook.Id} is enabled; events since {Screen.Time(missed)} are sent again."
                    : $"Webhook {webhook.Id} is enabled.");
            return ExitCodes.Ok;
        });
        return enable;
    }

    private static async Task<Webhook> RequireAsync(ShopServers servers, string id, CancellationToken cancellation) =>
        (await PartnerStore.WebhooksAsync(servers.Database, cancellation)).FirstOrDefault(w => w.Id == id) ?? throw Unknown(id);

    private static ShopctlException Unknown(string id) =>
        new(ExitCodes.Failed, $"There is no webhook {id}. 'shopctl partner list' shows all.");

    private static WebhookSecrets Vault(ShopServers servers) => new(servers.OpenSecrets().KeyEncryption);

    private static void Print(Session session, string id, byte[] secret)
    {
        session.Screen.Line($"Webhook {id}: {WebhookSignature.Text(secret)}");
        session.Screen.Note("Hand the secret over safely: it cannot be shown again.");
    }

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
