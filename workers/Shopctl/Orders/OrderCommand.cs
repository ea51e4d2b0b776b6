using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Shop.Housekeeping;
using CardShop.Shop.Orders;
using CardShop.Shopctl.Housekeeping;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;
using Spectre.Console;

namespace CardShop.Shopctl.Orders;

/// <summary><c>shopctl order</c>: what is known of one order. No contact, no key text.</summary>
public static class OrderCommand
{
    /// <summary>Key ids that are shown; the order's event names all.</summary>
    private const int MaxKeys = 200;

    public static Command Create(Session session)
    {
        var id = new Argument<string>("ID") { Description = "The order's id, or a provider number of it." };
        var story = new Option<bool>("--story")
        {
            Description = "Every input, decision and message of it, in order, from Kafka and PostgreSQL.",
        };
        var since = SinceOption();
        var json = JsonOption();
        var order = new Command("order", "One order: status, payments, delivery, ids of its keys.")
        {
            id, story, since, json, GoodsCommands.Manual(session), GoodsCommands.Deliver(session), GoodsCommands.Replace(session),
        };
        session.Bind(order, (servers, arguments, cancellation) =>
        {
            var orderId = RequireId(arguments.GetValue(id)!);
            return arguments.GetValue(story) || arguments.GetValue(json) || arguments.GetValue(since) is not null
                ? TellAsync(session, servers, orderId, arguments.GetValue(since), arguments.GetValue(json), cancellation)
                : ShowAsync(session, servers, orderId, cancellation);
        });
        return order;
    }

    internal static Option<DateTimeOffset?> SinceOption() => new("--since")
    {
        Description = "From when the log is read for its story (the order's acceptance).",
        HelpName = "TIME",
    };

    internal static Option<bool> JsonOption() =>
        new("--json") { Description = "The story for programs: JSON on standard output." };

    /// <summary>Shows the story of one order.</summary>
    internal static async Task<int> TellAsync(
        Session session, ShopServers servers, string orderId, DateTimeOffset? since, bool json,
        CancellationToken cancellation)
    {
        var story = await OrderStory.ReadAsync(servers, orderId, since, cancellation);
        if (story.Lines.Count == 0)
        {
            throw new ShopctlException(
                ExitCodes.Failed, $"Nothing is known of order {orderId}. {string.Join(' ', story.Notes)}");
        }

        if (json)
        {
            OrderStory.ShowJson(session, story);
        }
        else
        {
            OrderStory.Show(session, story);
        }

        return ExitCodes.Ok;
    }

    /// <summary>An order id from what an operator typed: the id, or a provider number of the order.</summary>
    public static string RequireId(string text)
    {
        var id = OrderIds.OfProviderNumber(text) ?? text;
        return OrderIds.IsValid(id)
            ? id
            : throw new ShopctlException(
                ExitCodes.Usage, $"An order id has {OrderIds.Length} characters: a region letter and a-z, 2-7.");
    }

    /// <summary>Shows one order.</summary>
    public static async Task<int> ShowAsync(
        Session session, ShopServers servers, string id, CancellationToken cancellation)
    {
        await servers.RequireDatabaseAsync(cancellation);
        var order = await OrderDocuments.FindAsync(servers.Database, id, cancellation)
            ?? throw new ShopctlException(
                ExitCodes.Failed, $"No saga of order {id}. It may still be queued: 'shopctl lag' shows what is waiting.");
        var table = Screen.Table("order", id);
        await DescribeAsync(session, table, order, cancellation);
        Screen.Row(table, "unsent outbox rows", Number(order.UnsentRows));
        Screen.Row(table, "parked messages", Number(order.ParkedMessages));
        session.Screen.Show(table);
        return ExitCodes.Ok;
    }

    private static async Task DescribeAsync(Session session, Table table, OrderDocuments order, CancellationToken cancellation)
    {
        if (order.Archived is { } archived)
        {
            Screen.Row(table, "archived", $"{archived.Status}, in {archived.Place}");
        }

        if (order.Payment is { } payment)
        {
            DescribePayment(table, payment);
        }

        if (order.Delivery is { } delivery)
        {
            DescribeDelivery(table, delivery);
        }

        if (order.Archived is { Place: { } place })
        {
            await DescribeArchivedAsync(session, table, place, order.OrderId, cancellation);
        }
    }

    private static async Task DescribeArchivedAsync(
        Session session, Table table, string place, string id, CancellationToken cancellation)
    {
        try
        {
            if (HousekeepingSettings.Archive(session.Settings) is not { } archive)
            {
                session.Screen.Note($"Setting {HousekeepingOptions.ArchiveSetting} names no folder: the archived order cannot be shown.");
            }
            else if (await archive.FindAsync(place, id, cancellation) is { } order)
            {
                DescribePayment(table, order.Payment);
                if (order.Delivery is { } delivery)
                {
                    DescribeDelivery(table, delivery);
                }
            }
            else
            {
                session.Screen.Error($"The archive's file {place} does not hold the order.");
            }
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            session.Screen.Error($"The archive's file {place} cannot be read: {e.Message}");
        }
    }

    private static void DescribePayment(Table table, PaymentSaga saga)
    {
        Screen.Row(table, "payment", $"{Kebab(saga.Status)} (version {Number(saga.Version)})");
        if (saga.Reason is { } reason)
        {
            Screen.Row(table, "reason", reason);
        }

        if (saga.Order is { } order)
        {
            Screen.Row(table, "product", string.Create(
                CultureInfo.InvariantCulture, $"{order.Quantity} x {order.Sku}, {order.Amount} fen {order.Currency}"));
            Screen.Row(table, "accepted at", Time(order.AcceptedAt));
        }

        foreach (var attempt in saga.Attempts)
        {
            Screen.Row(table, "attempt " + attempt.Number, string.Create(
                CultureInfo.InvariantCulture,
                $"{attempt.Channel}, {attempt.Amount} fen, until {Time(attempt.ExpiresAt)}, " +
                $"{(attempt.Closed ? "closed" : attempt.Link is null ? "no link yet" : "link there")}"));
        }

        foreach (var payment in saga.Payments)
        {
            Screen.Row(table, "money for " + payment.Number, string.Create(
                CultureInfo.InvariantCulture,
                $"{payment.Amount} fen at {Time(payment.At)} by {payment.Source}, as {Kebab(payment.Use)}"));
            foreach (var refund in payment.Refunds ?? [])
            {
                Screen.Row(table, "refund " + refund.Number, string.Create(
                    CultureInfo.InvariantCulture,
                    $"{refund.Amount} fen, {Kebab(refund.State)}, asked at {Time(refund.AskedAt)}: {refund.Reason}"));
            }
        }

        DescribeOpenQuestions(table, saga);
        Screen.Row(table, "notifications seen", Number(saga.Notifications.Count));
        Screen.Row(table, "holds stock", saga.Reserved ? "yes" : "no");
        Screen.Row(table, "payment due", saga.Due is { } due ? Time(due) : "nothing left to do");
    }

    private static void DescribeOpenQuestions(Table table, PaymentSaga saga)
    {
        foreach (var claim in (saga.Claims ?? []).Where(c => c.NextAt is not null))
        {
            Screen.Row(table, "claim " + claim.Number, string.Create(
                CultureInfo.InvariantCulture,
                $"{claim.Amount} fen by {claim.Source}, {claim.Channel} is asked again at {Time(claim.NextAt!.Value)}"));
        }

        foreach (var review in saga.Reviews ?? [])
        {
            Screen.Row(table, "case " + Kebab(review.Kind), review.Resolution is { } resolution
                ? $"{review.Reason} — {resolution}"
                : $"{review.Reason} — open since {Time(review.OpenedAt)}");
        }
    }

    private static void DescribeDelivery(Table table, DeliverySaga saga)
    {
        Screen.Row(table, "delivery", $"{Kebab(saga.Status)} (version {Number(saga.Version)})");
        if (saga.DeliveredAt is { } at)
        {
            Screen.Row(table, "delivered at", Time(at));
        }

        if (saga.Due is { } due)
        {
            Screen.Row(table, "delivery due", Time(due));
        }

        if (saga.Status == DeliveryStatus.Manual && saga.WaitUntil is { } until)
        {
            Screen.Row(table, "waits for an operator until", Time(until));
        }

        foreach (var key in saga.Keys.Take(MaxKeys))
        {
            Screen.Row(table, "key id", key.ToString());
        }

        if (saga.Keys.Count > MaxKeys)
        {
            Screen.Row(table, "more key ids", Number(saga.Keys.Count - MaxKeys));
        }
    }

    private static string Kebab<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());

    private static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
