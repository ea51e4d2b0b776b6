using System.CommandLine;
using System.Globalization;
using System.Text;
using CardShop.Shop.Operators;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;
using CardShop.Shop.Store;
using CardShop.Shopctl.Operators;
using CardShop.Shopctl.Reviews;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Orders;

/// <summary>
/// <c>shopctl order manual|deliver|replace</c>: what operators hand to buyers. A text is encrypted before it leaves this
/// process; the audit says who, to which order and why, never what.
/// </summary>
internal static class GoodsCommands
{
    private const int MaxText = 8_000;

    /// <summary>Orders of manual goods that wait for an operator, those whose time ends first on top.</summary>
    public static Command Manual(Session session)
    {
        var limit = new Option<int>("--limit")
        {
            Description = "Orders to show, 1 to 500.",
            DefaultValueFactory = _ => 50,
            HelpName = "N",
        };
        var manual = new Command("manual", "Paid orders of manual goods that wait for an operator, the most urgent first.")
        {
            limit,
        };
        session.Bind(manual, async (servers, arguments, cancellation) =>
        {
            var count = arguments.GetValue(limit) is >= 1 and <= 500 and var n
                ? n
                : throw new ShopctlException(ExitCodes.Usage, "--limit must be 1 to 500");
            await servers.RequireDatabaseAsync(cancellation);
            var table = Screen.Table("order", "sku", "#quantity", "paid at", "until");
            foreach (var order in await ManualOrders.WaitingAsync(servers.Database, count, cancellation))
            {
                Screen.Row(
                    table, order.OrderId, order.Sku, order.Quantity.ToString("N0", CultureInfo.InvariantCulture),
                    Screen.Time(order.PaidAt), Screen.Time(order.Until));
            }

            session.Screen.Show(table);
            return ExitCodes.Ok;
        });
        return manual;
    }

    /// <summary>Hands over manual goods.</summary>
    public static Command Deliver(Session session)
    {
        var id = ReviewCommands.OrderArgument();
        var text = new TextOptions();
        var deliver = new Command("deliver", "Hands over manual goods: the buyer of a paid order gets this text.")
        {
            id, text.File, text.Text,
        };
        var by = new ByOptions(deliver);
        deliver.Takes(OperatorActions.OrderDeliver);
        session.Bind(deliver, async (servers, arguments, cancellation) =>
        {
            var orderId = OrderCommand.RequireId(arguments.GetValue(id)!);
            by.Check(arguments, session);
            var plain = await text.ReadAsync(arguments, cancellation)
                ?? throw new ShopctlException(ExitCodes.Usage, "Say what the buyer gets: --file FILE or --text TEXT.");
            var deed = new OperatorDeed(
                OperatorActions.OrderDeliver, orderId, null, [("text", HashOf(servers, plain))],
                async (act, stop) => new PaymentMessage.OperatorHandOver(
                    orderId, act, await SealAsync(servers, orderId, act, plain, stop)));
            return await ReviewCommands.RunAsync(session, servers, deed, cancellation);
        });
        return deliver;
    }

    /// <summary>Replaces a faulty key.</summary>
    public static Command Replace(Session session)
    {
        var id = ReviewCommands.OrderArgument();
        var key = new Argument<Guid>("KEY-ID") { Description = "The faulty key, as 'shopctl order ORDER' shows it." };
        var reason = OperatorOptions.WhyOption("1 to 200 characters, for people.");
        var text = new TextOptions();
        var replace = new Command(
            "replace",
            "A key of a delivered order is faulty: it becomes void and stays with the order, and the buyer gets another from " +
            "stock. Partners learn both ids. Without stock nothing changes and the command says so. A text of manual goods is " +
            "replaced by another one: --file or --text.")
        {
            id, key, reason, text.File, text.Text,
        };
        var by = new ByOptions(replace);
        replace.Takes(OperatorActions.OrderReplace);
        session.Bind(replace, async (servers, arguments, cancellation) =>
        {
            var orderId = OrderCommand.RequireId(arguments.GetValue(id)!);
            by.Check(arguments, session);
            var why = ReviewCommands.Text(arguments.GetValue(reason), OperatorOptions.Why);
            var (faulty, plain) = (arguments.GetValue(key), await text.ReadAsync(arguments, cancellation));
            var deed = new OperatorDeed(
                OperatorActions.OrderReplace, orderId, why,
                [("key", faulty.ToString()), ("text", plain is null ? null : HashOf(servers, plain))],
                async (act, stop) => new PaymentMessage.OperatorReplace(
                    orderId, act, faulty, why, plain is null ? null : await SealAsync(servers, orderId, act, plain, stop)));
            return await ReviewCommands.RunAsync(session, servers, deed, cancellation);
        });
        return replace;
    }

    /// <summary>What an approval binds of a text that nobody but its buyer may see.</summary>
    private static string HashOf(ShopServers servers, string text) =>
        Contacts.Hash(servers.OpenSecrets().ContactHash, "goods", text);

    private static async Task<SealedText> SealAsync(
        ShopServers servers, string orderId, OperatorAct act, string text, CancellationToken cancellation)
    {
        await servers.RequireDatabaseAsync(cancellation);
        var saga = await ReviewQueries.FindAsync(servers.Database, orderId, cancellation);
        if (saga?.Order is not { } placed)
        {
            throw new ShopctlException(ExitCodes.Failed, $"No saga of order {orderId}.");
        }

        var vault = servers.OpenVault();
        return new(vault.SealText(placed.Sku, orderId, act.CommandId, text), vault.Current);
    }

    /// <summary>A text for a buyer, from a file or as it is typed.</summary>
    private sealed class TextOptions
    {
        public Option<string?> File { get; } = new("--file")
        {
            Description = "A UTF-8 file with the text; - reads standard input. Unlike --text it leaves no trace in the shell.",
            HelpName = "FILE",
        };

        public Option<string?> Text { get; } = new("--text") { Description = "The text itself.", HelpName = "TEXT" };

        /// <returns>Null where neither was said.</returns>
        public async Task<string?> ReadAsync(ParseResult arguments, CancellationToken cancellation)
        {
            var (file, text) = (arguments.GetValue(File), arguments.GetValue(Text));
            if (file is not null && text is not null)
            {
                throw new ShopctlException(ExitCodes.Usage, "Say --file or --text, not both.");
            }

            var read = file is null ? text : await ReadFileAsync(file, cancellation);
            return read?.Trim() switch
            {
                null => null,
                { Length: >= 1 and <= MaxText } plain when !plain.Any(c => char.IsControl(c) && c is not ('\n' or '\r' or '\t')) => plain,
                _ => throw new ShopctlException(
                    ExitCodes.Usage, $"The text must have 1 to {MaxText} characters, none of them a control character."),
            };
        }

        private static async Task<string> ReadFileAsync(string file, CancellationToken cancellation)
        {
            try
            {
                await using var stream = file == "-" ? Console.OpenStandardInput() : System.IO.File.OpenRead(file);
                // A text of another encoding is refused, not guessed at: the buyer would get what the guess makes of it.
                using var reader = new StreamReader(
                    stream, new UTF8Encoding(false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: false);
                var buffer = new char[(MaxText * 2) + 1];
                return new string(buffer, 0, await reader.ReadBlockAsync(buffer, cancellation)).TrimStart('\uFEFF');
            }
            catch (DecoderFallbackException e)
            {
                throw new ShopctlException(
                    ExitCodes.Usage, $"{file} is not UTF-8 text. Convert it first, as with 'iconv -f gbk -t utf-8'.", e);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
            {
                throw new ShopctlException(ExitCodes.Usage, $"The file cannot be read: {e.Message}", e);
            }
        }
    }
}
