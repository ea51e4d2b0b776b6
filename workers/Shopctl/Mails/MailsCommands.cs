using System.CommandLine;
using System.Globalization;
using CardShop.Shop.Mail;
using CardShop.Shop.Operators;
using CardShop.Shopctl.Operators;
using CardShop.Shopctl.Orders;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Mails;

/// <summary><c>shopctl mails</c>: mails to buyers that wait or failed. No address, no key text.</summary>
public static class MailsCommands
{
    private const int MostRows = 200;

    public static Command Create(Session session)
    {
        var failed = new Option<bool>("--failed") { Description = "Only those that were given up." };
        var mails = new Command("mails", "Mails to buyers that wait or failed: order, tries, last error.")
        {
            failed,
            Retry(session),
        };
        session.Bind(mails, async (servers, arguments, cancellation) =>
        {
            await servers.RequireDatabaseAsync(cancellation);
            var rows = await MailStore.ListAsync(servers.Database, arguments.GetValue(failed), MostRows, cancellation);
            var table = Screen.Table("order", "mail", "state", "#tries", "since", "next try", "last error");
            foreach (var row in rows)
            {
                Screen.Row(
                    table, row.OrderId, MailStore.Name(row.Kind), MailStore.Name(row.State),
                    row.Tries.ToString("N0", CultureInfo.InvariantCulture), Screen.Time(row.AddedAt),
                    Screen.Time(row.Due), row.LastError ?? "-");
            }

            session.Screen.Show(table);
            if (rows.Count == MostRows)
            {
                session.Screen.Note($"The first {MostRows}; there may be more.");
            }

            return ExitCodes.Ok;
        });
        return mails;
    }

    private static Command Retry(Session session)
    {
        var order = new Argument<string?>("ORDER")
        {
            Description = "The order's id.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var all = new Option<bool>("--all-failed") { Description = "Whatever was given up, of all orders." };
        var retry = new Command("retry", "Sends an order's mails that wait or failed now.") { order, all };
        retry.Validators.Add(result =>
        {
            if (result.GetValue(all) == result.GetValue(order) is not null)
            {
                result.AddError("Name an ORDER, or say --all-failed.");
            }
        });
        retry.Takes(OperatorActions.MailsRetry);
        session.Bind(retry, async (servers, arguments, cancellation) =>
        {
            var id = arguments.GetValue(order) is { } text ? OrderCommand.RequireId(text) : null;
            await servers.RequireWritableAsync(cancellation);
            await using var grant = await session.Operators.RequireAsync(
                OperatorActions.MailsRetry, id ?? "all failed", null, [], cancellation);
            var due = await MailStore.RetryAsync(servers.Database, id, session.Time.GetUtcNow(), cancellation);
            await grant.DoneAsync(null, null, cancellation, due);
            session.Screen.Line(due > 0
                ? string.Create(CultureInfo.InvariantCulture, $"{due:N0} mails are due now.")
                : "No such mail failed, or waits for more than a minute.");
            return due > 0 ? ExitCodes.Ok : ExitCodes.Failed;
        });
        return retry;
    }
}
