using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using CardShop.Shop.Operators;
using CardShop.Shop.Payments;
using CardShop.Shop.Store;
using CardShop.Shopctl.Operators;
using CardShop.Shopctl.Orders;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Reviews;

/// <summary>
/// <c>shopctl review</c>: the cases that need a person, and what may be decided about them. Every decision runs the normal
/// saga; a repeat with the same <c>--command-id</c> changes nothing.
/// </summary>
public static class ReviewCommands
{
    private const int MaxText = 200;

    public static Command Create(Session session) => new("review", "Orders that need a person.")
    {
        List(session),
        Show(session),
        ConfirmPaid(session),
        Refund(session),
        Deliver(session),
        Dismiss(session),
    };

    /// <summary><c>shopctl refund</c>: the same as <c>review refund</c>, for orders without a case.</summary>
    public static Command CreateRefund(Session session) => Refund(session);

    private static Command List(Session session)
    {
        var limit = new Option<int>("--limit")
        {
            Description = "Orders to show, 1 to 500.",
            DefaultValueFactory = _ => 50,
            HelpName = "N",
        };
        var after = new Option<string?>("--after") { Description = "Goes on behind this order.", HelpName = "ID" };
        var list = new Command("list", "Orders with an open case, in the order of their ids.") { limit, after };
        session.Bind(list, async (servers, arguments, cancellation) =>
        {
            var count = arguments.GetValue(limit) is >= 1 and <= 500 and var n
                ? n
                : throw new ShopctlException(ExitCodes.Usage, "--limit must be 1 to 500");
            await servers.RequireDatabaseAsync(cancellation);
            var rows = await ReviewQueries.OpenAsync(servers.Database, arguments.GetValue(after), count + 1, cancellation);
            var table = Screen.Table("order", "status", "case", "open since", "about", "reason");
            foreach (var saga in rows.Take(count))
            {
                foreach (var review in ReviewCases.OpenOf(saga))
                {
                    Screen.Row(
                        table, saga.Id, Kebab(saga.Status), Kebab(review.Kind), Screen.Time(review.OpenedAt), review.Number ?? "",
                        review.Reason);
                }
            }

            session.Screen.Show(table);
            if (rows.Count > count)
            {
                session.Screen.Note($"More: shopctl review list --after {rows[count - 1].Id}");
            }

            return ExitCodes.Ok;
        });
        return list;
    }

    private static Command Show(Session session)
    {
        var id = OrderArgument();
        var since = OrderCommand.SinceOption();
        var json = OrderCommand.JsonOption();
        var show = new Command("show", "One order with its cases, their evidence, and its full story.") { id, since, json };
        session.Bind(show, async (servers, arguments, cancellation) =>
        {
            var orderId = OrderCommand.RequireId(arguments.GetValue(id)!);
            if (arguments.GetValue(json))
            {
                return await OrderCommand.TellAsync(
                    session, servers, orderId, arguments.GetValue(since), json: true, cancellation);
            }

            var code = await OrderCommand.ShowAsync(session, servers, orderId, cancellation);
            var saga = await ReviewQueries.FindAsync(servers.Database, orderId, cancellation);
            var table = Screen.Table("case", "opened", "about", "evidence", "closed", "resolution");
            foreach (var review in saga?.Reviews ?? [])
            {
                Screen.Row(
                    table, Kebab(review.Kind), Screen.Time(review.OpenedAt), review.Number ?? "", review.Evidence ?? "",
                    review.ClosedAt is { } at ? Screen.Time(at) : "open", review.Resolution ?? "");
            }

            session.Screen.Show(table);
            await OrderCommand.TellAsync(
                session, servers, orderId, arguments.GetValue(since), json: false, cancellation);
            return code;
        });
        return show;
    }

    private static Command ConfirmPaid(Session session)
    {
        var id = OrderArgument();
        var reference = new Option<string>("--reference")
        {
            Required = true,
            Description = "The provider's number of the payment, or what proves it.",
            HelpName = "TEXT",
        };
        var amount = new Option<long>("--amount")
        {
            Required = true,
            Description = "What came in, in fen: the order's amount, typed again to be sure.",
            HelpName = "FEN",
        };
        var number = new Option<string?>("--number") { Description = "Which attempt it paid (the last).", HelpName = "NUMBER" };
        var command = new Command(
            "confirm-paid", "The money has been seen: the order is paid, and delivered by the normal way.")
        {
            id, reference, amount, number,
        };
        return Decision(session, command, OperatorActions.OrderConfirmPaid, arguments =>
        {
            var (orderId, proof) = (OrderCommand.RequireId(arguments.GetValue(id)!), Text(arguments.GetValue(reference), "--reference"));
            var (fen, attempt) = (arguments.GetValue(amount), arguments.GetValue(number));
            return new(
                OperatorActions.OrderConfirmPaid, orderId, null, [("reference", proof), ("amount", Fen(fen)), ("number", attempt)],
                act => new PaymentMessage.OperatorConfirmPaid(orderId, act, proof, fen, attempt));
        });
    }

    private static Command Refund(Session session)
    {
        var id = OrderArgument();
        var amount = new Option<long?>("--amount") { Description = "In fen (all that is left).", HelpName = "FEN" };
        var reason = OperatorOptions.WhyOption("1 to 200 characters, for people.");
        var number = new Option<string?>("--number")
        {
            Description = "Which payment (the one that pays the order).",
            HelpName = "NUMBER",
        };
        var command = new Command(
            "refund",
            "Gives money back. An order that is not delivered is withdrawn first, and refunded whole; of a delivered one " +
            $"any part may go back, and it stays delivered. Above the limit ({OperatorSettings.RefundLimitName}, fen of one order) it " +
            "takes a second operator.")
        {
            id, amount, reason, number,
        };
        var by = new ByOptions(command);
        command.Takes(OperatorActions.OrderRefund with { IsDangerous = true });
        session.Bind(command, async (servers, arguments, cancellation) =>
        {
            by.Check(arguments, session);
            var orderId = OrderCommand.RequireId(arguments.GetValue(id)!);
            var (why, fen, which) = (Text(arguments.GetValue(reason), OperatorOptions.Why), arguments.GetValue(amount), arguments.GetValue(number));
            await servers.RequireDatabaseAsync(cancellation);
            var total = RefundTotal.Of(await ReviewQueries.FindAsync(servers.Database, orderId, cancellation), which, fen);
            var deed = new OperatorDeed(
                OperatorActions.Refund(total, session.Operators.RefundLimit), orderId, why,
                [("amount", fen is { } f ? Fen(f) : "all"), ("number", which), ("total", Fen(total))],
                act => new PaymentMessage.OperatorRefund(orderId, act, which, fen, why));
            return await RunAsync(session, servers, deed, cancellation);
        });
        return command;
    }

    private static Command Deliver(Session session)
    {
        var id = OrderArgument();
        var command = new Command("deliver", "Delivers a paid order that waits for a person, from what is in stock.") { id };
        return Decision(session, command, OperatorActions.OrderDeliver, arguments =>
        {
            var orderId = OrderCommand.RequireId(arguments.GetValue(id)!);
            return new(
                OperatorActions.OrderDeliver, orderId, null, [("from", "stock")],
                act => new PaymentMessage.OperatorDeliver(orderId, act));
        });
    }

    private static Command Dismiss(Session session)
    {
        var id = OrderArgument();
        var reason = OperatorOptions.WhyOption("1 to 200 characters, for people.");
        var command = new Command("dismiss", "Closes the order's open cases; no money and no key is moved.") { id, reason };
        return Decision(session, command, OperatorActions.ReviewDecide, arguments =>
        {
            var (orderId, why) = (OrderCommand.RequireId(arguments.GetValue(id)!), Text(arguments.GetValue(reason), OperatorOptions.Why));
            return new(
                OperatorActions.ReviewDecide, orderId, why, [("decision", "dismiss")],
                act => new PaymentMessage.OperatorDismiss(orderId, act, why));
        });
    }

    /// <summary>A command that decides about one order.</summary>
    private static Command Decision(
        Session session, Command command, OperatorAction action, Func<ParseResult, OperatorDeed> read)
    {
        var by = new ByOptions(command);
        command.Takes(action);
        session.Bind(command, (servers, arguments, cancellation) =>
        {
            by.Check(arguments, session);
            return RunAsync(session, servers, read(arguments), cancellation);
        });
        return command;
    }

    /// <summary>Has a decision taken, and says what came of it.</summary>
    internal static async Task<int> RunAsync(
        Session session, ShopServers servers, OperatorDeed deed, CancellationToken cancellation)
    {
        var work = await servers.OpenOperatorWorkAsync(cancellation);
        await using var grant = await session.Operators.RequireAsync(
            deed.Action, deed.OrderId, deed.Why, deed.Parameters, cancellation);
        var message = await deed.Message(
            new(grant.CommandId, grant.Operator.Name, session.Time.GetUtcNow()), cancellation);
        var outcome = await work.RunAsync(message, cancellation);
        switch (outcome.Result)
        {
            case OperatorResult.Refused:
                await grant.FailAsync(outcome.Reason ?? "the order does not allow it", cancellation);
                throw new ShopctlException(ExitCodes.Failed, $"{message.OrderId}: {outcome.Reason}.");
            case OperatorResult.Repeated:
                await grant.DoneAsync(null, "decided before, nothing has changed", cancellation);
                session.Screen.Line($"{message.OrderId}: this was decided before; nothing has changed.");
                return ExitCodes.Ok;
            default:
                await grant.DoneAsync(null, outcome.Saga is { } after ? Kebab(after.Status) : null, cancellation);
                var open = outcome.Saga is { } saga ? ReviewCases.OpenOf(saga).Count() : 0;
                session.Screen.Line(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{message.OrderId}: {Done(message)}{(outcome.Saga is { } s ? Kebab(s.Status) : "done")}, open cases: {open}."));
                return ExitCodes.Ok;
        }
    }

    /// <summary>What the order's state does not show: an operator who sees no change would do it again.</summary>
    private static string Done(PaymentMessage message) => message switch
    {
        PaymentMessage.OperatorHandOver => "handed over; ",
        PaymentMessage.OperatorReplace => "the key is replaced; ",
        PaymentMessage.OperatorRefund => "a refund is asked for at the provider; ",
        _ => string.Empty,
    };

    internal static Argument<string> OrderArgument() =>
        new("ORDER") { Description = "The order's id, or a provider number of it." };

    internal static string Text(string? text, string option) =>
        text?.Trim() is { Length: >= 1 and <= MaxText } trimmed && !trimmed.Any(char.IsControl)
            ? trimmed
            : throw new ShopctlException(ExitCodes.Usage, $"{option} must be 1 to {MaxText} characters");

    private static string Fen(long amount) => amount.ToString(CultureInfo.InvariantCulture);

    private static string Kebab<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());
}
