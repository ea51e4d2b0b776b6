using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using CardShop.Contracts;
using CardShop.Shop.Operators;
using CardShop.Shop.Payments;
using CardShop.Shopctl.DeadLetters;
using CardShop.Shopctl.Operators;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Errors;

/// <summary><c>shopctl errors</c>: RabbitMQ's error queue, where commands lie that failed after all retries.</summary>
public static class ErrorsCommands
{
    private const int MaxWhy = 500;
    private static readonly TimeSpan ConfirmLimit = TimeSpan.FromSeconds(10);

    public static Command Create(Session session) => new(
        "errors", "Commands that failed after all retries: what they are, back to their queue, or away with them.")
    {
        List(session), Show(session), Retry(session), Discard(session),
    };

    private static Command List(Session session)
    {
        var filter = new ErrorFilterOptions();
        var limit = new Option<int>("--limit")
        {
            Description = "Messages to look at, the oldest first (200); 1 to 5000.",
            DefaultValueFactory = _ => 200,
            HelpName = "N",
        };
        var json = new Option<bool>("--json") { Description = "For programs: JSON on standard output." };
        var list = new Command("list", "The messages, the oldest first. They stay where they are.") { limit, json };
        filter.AddTo(list);
        session.Bind(list, async (servers, arguments, cancellation) =>
        {
            var most = arguments.GetValue(limit) is >= 1 and <= ErrorQueue.MostAtOnce and var n
                ? n
                : throw new ShopctlException(ExitCodes.Usage, Text($"--limit must be 1 to {ErrorQueue.MostAtOnce}."));
            var wanted = filter.From(arguments);
            var (messages, more) = await PeekAsync(session, servers, most, cancellation);
            var found = messages.Where(wanted.Takes).ToList();
            if (arguments.GetValue(json))
            {
                session.Screen.Line(JsonSerializer.Serialize(found, ErrorJson.Default.ListErrorMessage));
                return ExitCodes.Ok;
            }

            var table = Screen.Table("message", "failed at", "queue", "type", "order", "exception");
            foreach (var m in found)
            {
                Screen.Row(
                    table, m.MessageId, m.FailedAt ?? "", m.Queue ?? "unknown", ShortType(m.Type), m.OrderId ?? "",
                    FirstLine($"{ShortType(m.ExceptionType)}: {m.Problem}"));
            }

            session.Screen.Show(table);
            session.Screen.Note(Text($"{found.Count:N0} of {messages.Count:N0} messages that were looked at{(more ? "; there are more: --limit" : "")}."));
            return ExitCodes.Ok;
        });
        return list;
    }

    private static Command Show(Session session)
    {
        var id = new Argument<string>("MESSAGE") { Description = "The message's id, as 'errors list' shows it." };
        var show = new Command("show", "One message with all that is known of its failure.") { id };
        session.Bind(show, async (servers, arguments, cancellation) =>
        {
            var (messages, _) = await PeekAsync(session, servers, ErrorQueue.MostAtOnce, cancellation);
            var message = messages.FirstOrDefault(m => m.MessageId == arguments.GetValue(id))
                ?? throw NoMessage();
            var table = Screen.Table("message", message.MessageId);
            Screen.Row(table, "type", message.Type ?? "");
            Screen.Row(table, "queue", message.Queue ?? "unknown");
            Screen.Row(table, "order", message.OrderId ?? "");
            Screen.Row(table, "failed at", message.FailedAt ?? "");
            Screen.Row(table, "exception", message.ExceptionType ?? "");
            Screen.Row(table, "problem", message.Problem ?? "");
            Screen.Row(table, "where", message.Stack ?? "");
            Screen.Row(table, "bytes", Text($"{message.Size:N0}"));
            session.Screen.Show(table);
            return ExitCodes.Ok;
        });
        return show;
    }

    private static Command Retry(Session session)
    {
        var pick = new ErrorPick();
        var retry = new Command(
            "retry",
            """
            Sends messages back to the queues that they failed in, with all their retries before them; an order that was put
            into review because of one goes on where it stood. Each leaves the error queue when the broker has confirmed it there.
            """);
        pick.AddTo(retry);
        retry.Takes(OperatorActions.ErrorsRetry);
        session.Bind(retry, async (servers, arguments, cancellation) =>
        {
            var wanted = pick.Require(arguments);
            var work = await servers.OpenOperatorWorkAsync(cancellation);
            return await ActAsync(
                session, servers, OperatorActions.ErrorsRetry, wanted, null,
                m => m.CanBeRetried ? ErrorVerdict.Retry : ErrorVerdict.Keep,
                async (message, open, by) =>
                {
                    if (message.OrderId is { } orderId)
                    {
                        var othersLeft = open.Any(l => l.Head.OrderId == orderId && !IsTwin(l, message));
                        await work.RunAsync(
                            new PaymentMessage.OperatorResume(
                                orderId, new($"error-{message.MessageId}-{message.FailedAt}", by, session.Time.GetUtcNow()), othersLeft),
                            cancellation);
                    }
                },
                DeadLetterResolved.Retried, cancellation);
        });
        return retry;
    }

    private static Command Discard(Session session)
    {
        var pick = new ErrorPick();
        var why = OperatorOptions.WhyOption("Why nothing is to be done about it; kept in the audit.");
        var discard = new Command(
            "discard", "Takes messages out of the error queue for good. Cases of their orders stay open: 'shopctl review'.")
        {
            why,
        };
        pick.AddTo(discard);
        discard.Takes(OperatorActions.ErrorsDiscard);
        session.Bind(discard, async (servers, arguments, cancellation) =>
        {
            var wanted = pick.Require(arguments);
            var reason = arguments.GetValue(why)?.Trim() is { Length: >= 1 and <= MaxWhy } text
                ? text
                : throw new ShopctlException(ExitCodes.Usage, Text($"--why must be 1 to {MaxWhy} characters."));
            await servers.RequireLogAsync(cancellation);
            return await ActAsync(
                session, servers, OperatorActions.ErrorsDiscard, wanted, reason, _ => ErrorVerdict.Discard,
                (_, _, _) => Task.CompletedTask, DeadLetterResolved.Discarded, cancellation);
        });
        return discard;
    }

    /// <summary>
    /// Does with the messages that are meant what is said; the dead letters that tell of the same commands are settled with them.
    /// </summary>
    /// <param name="before">Called before a message goes, with the letters that are open then, and the operator's name.</param>
    private static async Task<int> ActAsync(
        Session session, ShopServers servers, OperatorAction action, ErrorFilter wanted, string? why,
        Func<ErrorMessage, ErrorVerdict> verdict, Func<ErrorMessage, IReadOnlyList<Letter>, string, Task> before, string how,
        CancellationToken cancellation)
    {
        await using var connection = await servers.OpenRabbitAsync(cancellation);
        var open = (await DeadLetterBox.ReadAsync(servers, cancellation)).InOrder().Where(l => l.IsOpen).ToList();
        await using var grant = await session.Operators.RequireAsync(action, wanted.ToString(), why, [], cancellation);
        var queue = new ErrorQueue(connection, ConfirmLimit, session.Time);
        var (messages, more) = await queue.VisitAsync(
            ErrorQueue.MostAtOnce, m => wanted.Takes(m) ? verdict(m) : ErrorVerdict.Keep,
            m => before(m, open, grant.Operator.Name),
            async message =>
            {
                // At once: the order's next message must not find it open, and whatever ends this run must not leave it open.
                foreach (var letter in open.FindAll(l => IsTwin(l, message)))
                {
                    await DeadLetterBox.ResolveAsync(
                        servers, letter, new(letter.Place.Offset, how, grant.Operator.Name, why, session.Time.GetUtcNow()),
                        CancellationToken.None);
                    open.Remove(letter);
                }
            },
            cancellation);
        var meant = messages.Where(m => wanted.Takes(m.Message)).ToList();
        var done = meant.Where(m => m.Verdict != ErrorVerdict.Keep).Select(m => m.Message).ToList();
        await grant.DoneAsync(Text($"{meant.Count} in the queue"), how, cancellation, done.Count);
        foreach (var (message, _) in meant.Where(m => m.Verdict == ErrorVerdict.Keep))
        {
            session.Screen.Line($"{message.MessageId} stays: no header names a queue of the shop that it came from.");
        }

        session.Screen.Line(Text($"{done.Count:N0} messages {how}."));
        if (more)
        {
            session.Screen.Note("There are more messages than are looked at at once: repeat the command.");
        }

        var missing = wanted.MessageIds.Except(meant.Select(m => m.Message.MessageId)).ToList();
        foreach (var id in missing)
        {
            session.Screen.Error($"{id}: no such message lies in the error queue.");
        }

        return done.Count == meant.Count && missing.Count == 0 ? ExitCodes.Ok : ExitCodes.Failed;
    }

    /// <summary>True for the dead letter that was written when this command was given up.</summary>
    private static bool IsTwin(Letter letter, ErrorMessage message) =>
        letter.Head.Topic == message.Queue && letter.Head.Key == message.MessageId;

    private static async Task<(IReadOnlyList<ErrorMessage> Messages, bool More)> PeekAsync(
        Session session, ShopServers servers, int most, CancellationToken cancellation)
    {
        await using var connection = await servers.OpenRabbitAsync(cancellation);
        var (messages, more) = await new ErrorQueue(connection, ConfirmLimit, session.Time).VisitAsync(
            most, _ => ErrorVerdict.Keep, _ => Task.CompletedTask, _ => Task.CompletedTask, cancellation);
        return ([.. messages.Select(m => m.Message)], more);
    }

    private static ShopctlException NoMessage() =>
        new(ExitCodes.Failed, "No such message lies in the error queue: 'shopctl errors list' shows them.");

    private static string ShortType(string? type) => type?[(type.LastIndexOf('.') + 1)..] ?? "";

    private static string FirstLine(string text) => text.Split('\n')[0];

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>The options that say which messages are meant.</summary>
internal sealed class ErrorFilterOptions
{
    private readonly Option<string?> _queue = new("--queue") { Description = "That failed in this queue.", HelpName = "NAME" };
    private readonly Option<string?> _order = new("--order") { Description = "Of this order.", HelpName = "ID" };

    private readonly Option<string?> _exception = new("--exception")
    {
        Description = "Whose exception's type or text has this in it.",
        HelpName = "TEXT",
    };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _queue, _order, _exception })
        {
            command.Options.Add(option);
        }
    }

    public ErrorFilter From(ParseResult arguments, IReadOnlyList<string>? ids = null) => new(
        ids ?? [], arguments.GetValue(_queue), arguments.GetValue(_order), arguments.GetValue(_exception));
}

/// <summary>Messages by their ids, or all that fit.</summary>
internal sealed class ErrorPick
{
    private readonly Argument<string[]> _ids = new("MESSAGE")
    {
        Description = "Ids of messages, as 'errors list' shows them.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly Option<bool> _all = new("--all-matching") { Description = "All that the other options fit." };
    private readonly ErrorFilterOptions _filter = new();

    public void AddTo(Command command)
    {
        command.Arguments.Add(_ids);
        command.Options.Add(_all);
        _filter.AddTo(command);
    }

    public ErrorFilter Require(ParseResult arguments)
    {
        var ids = (arguments.GetValue(_ids) ?? []).Distinct().ToList();
        var filter = _filter.From(arguments, ids);
        return arguments.GetValue(_all) == (ids.Count > 0) || (ids.Count > 0 && !filter.IsPlain)
            ? throw new ShopctlException(ExitCodes.Usage, "Name messages by their ids, or say --all-matching with what they match.")
            : filter;
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(List<ErrorMessage>))]
internal sealed partial class ErrorJson : JsonSerializerContext;
