using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Shop.Operators;
using CardShop.Shopctl.Operators;
using CardShop.Shopctl.Replay;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.DeadLetters;

/// <summary><c>shopctl dead-letters</c>: what no fleet could process, and what becomes of it.</summary>
public static class DeadLetterCommands
{
    private const int MaxWhy = 500;
    private const int FirstLines = 3;

    public static Command Create(Session session) => new(
        "dead-letters", "Records that no fleet could process: what they are, once more, or away with them.")
    {
        List(session), Show(session), Retry(session), Discard(session),
    };

    private static Command List(Session session)
    {
        var filter = new LetterFilterOptions();
        var all = new Option<bool>("--all") { Description = "Those that were retried or discarded, too." };
        var limit = new Option<int>("--limit")
        {
            Description = "Letters to show, the newest (50); 1 to 10000.",
            DefaultValueFactory = _ => 50,
            HelpName = "N",
        };
        var json = new Option<bool>("--json") { Description = "For programs: JSON on standard output." };
        var list = new Command("list", "The open ones, by time, with reason and first lines. Neither contacts nor key text.")
        {
            all, limit, json,
        };
        filter.AddTo(list);
        session.Bind(list, async (servers, arguments, cancellation) =>
        {
            var wanted = filter.From(arguments);
            var most = arguments.GetValue(limit) is >= 1 and <= 10_000 and var n
                ? n
                : throw new ShopctlException(ExitCodes.Usage, "--limit must be 1 to 10000.");
            await servers.RequireLogAsync(cancellation);
            var shelf = await DeadLetterBox.ReadAsync(servers, cancellation);
            var found = shelf.InOrder().Where(l => (arguments.GetValue(all) || l.IsOpen) && wanted.Takes(l)).ToList();
            var shown = found.TakeLast(most).ToList();
            if (arguments.GetValue(json))
            {
                session.Screen.Line(JsonSerializer.Serialize(
                    [.. shown.Select(LetterRow.Of)], LetterJson.Default.IReadOnlyListLetterRow));
                return ExitCodes.Ok;
            }

            Show(session, shown);
            session.Screen.Note(string.Create(
                CultureInfo.InvariantCulture,
                $"{found.Count:N0} {(arguments.GetValue(all) ? "" : "open ")}letters{(shown.Count < found.Count ? $", the newest {shown.Count:N0} of them shown" : "")}."));
            if (arguments.GetValue(all) ? shelf.IsCut : shelf.HasMoreOpen)
            {
                session.Screen.Note("There are more letters than are held at once; some were left out.");
            }

            return ExitCodes.Ok;
        });
        return list;
    }

    private static void Show(Session session, IReadOnlyList<Letter> letters)
    {
        var table = Screen.Table("letter", "at", "from", "type", "order", "reason", "#bytes", "state");
        foreach (var letter in letters)
        {
            Screen.Row(
                table, letter.Place.ToString(), Screen.Time(letter.Head.At), letter.Origin, letter.Head.Type ?? "", letter.Head.OrderId ?? "",
                string.Join('\n', letter.Preview.Take(FirstLines).Prepend(letter.Head.Reason)),
                letter.Size.ToString(CultureInfo.InvariantCulture), letter.Resolved?.How ?? "open");
        }

        session.Screen.Show(table);
    }

    private static Command Show(Session session)
    {
        var id = new Argument<string>("PARTITION:OFFSET") { Description = "As 'dead-letters list' shows it." };
        var show = new Command("show", "One letter, whole; of its body what is neither contact nor key text.") { id };
        session.Bind(show, async (servers, arguments, cancellation) =>
        {
            var place = Place(arguments.GetValue(id)!);
            await servers.RequireLogAsync(cancellation);
            var shelf = await DeadLetterBox.ReadAsync(servers, cancellation);
            var letter = shelf.InOrder().FirstOrDefault(l => l.Place == place) ?? throw NoLetter(place, shelf);
            var table = Screen.Table("letter", place.ToString());
            Screen.Row(table, "at", Screen.Time(letter.Head.At));
            Screen.Row(table, "from", letter.Origin);
            Screen.Row(table, "type", letter.Head.Type ?? "");
            Screen.Row(table, "key", letter.Head.Key ?? "");
            Screen.Row(table, "order", letter.Head.OrderId ?? "unknown");
            Screen.Row(table, "reason", letter.Head.Reason);
            Screen.Row(table, "bytes", letter.Size.ToString("N0", CultureInfo.InvariantCulture));
            foreach (var line in letter.Preview)
            {
                Screen.Row(table, "", line);
            }

            Screen.Row(table, "state", letter.Resolved is { } r
                ? $"{r.How} by {r.Operator} at {Screen.Time(r.At)}{(r.Reason is { } why ? ": " + why : "")}"
                : "open");
            session.Screen.Show(table);
            return ExitCodes.Ok;
        });
        return show;
    }

    private static Command Retry(Session session)
    {
        var pick = new LetterPick();
        var retry = new Command(
            "retry",
            """
            Processes letters once more, by the handler of their topic, in the order of their times. An order that was put into
            review because of one goes on where it stood. What fails again changes nothing and stays open.
            """);
        pick.AddTo(retry);
        retry.Takes(OperatorActions.DeadLettersRetry);
        session.Bind(retry, async (servers, arguments, cancellation) =>
        {
            pick.Require(arguments);
            var fence = await servers.RequireWritableAsync(cancellation);
            await using (await servers.OpenRabbitAsync(cancellation))
            {
                // What a letter leads to is sent by it.
            }

            var shelf = await DeadLetterBox.ReadAsync(servers, cancellation);
            var (chosen, more) = pick.Choose(arguments, shelf);
            await using var grant = await session.Operators.RequireAsync(
                OperatorActions.DeadLettersRetry, pick.Describe(arguments, chosen), null, [], cancellation);
            var done = await RetryAsync(session, servers, fence, shelf.InOrder(), chosen, grant.Operator.Name, cancellation);
            await grant.DoneAsync(Text($"{chosen.Count} open"), Text($"{done} processed"), cancellation, done);
            session.Screen.Line(Text($"{done:N0} of {chosen.Count:N0} letters are processed."));
            return Ended(session, chosen.Count, done, more);
        });
        return retry;
    }

    private static async Task<int> RetryAsync(
        Session session, ShopServers servers, RollbackFence fence, IReadOnlyList<Letter> all,
        IReadOnlyList<Letter> chosen, string by, CancellationToken cancellation)
    {
        var retrier = new LetterRetrier(servers, fence, new ReplayHandlers(servers).OpenDispatcher(), session.Time);
        var open = all.Where(l => l is { IsOpen: true, Head.OrderId: not null })
            .GroupBy(l => l.Head.OrderId!).ToDictionary(g => g.Key, g => g.Count());
        var results = new List<(Letter Letter, LetterOutcome Outcome)>();
        await WorkProgress.RunAsync(session.Screen, session.Time, "retry", async told =>
        {
            foreach (var letter in chosen)
            {
                cancellation.ThrowIfCancellationRequested();
                var othersLeft = letter.Head.OrderId is { } order && open.GetValueOrDefault(order) > 1;
                var outcome = await retrier.RetryAsync(letter, othersLeft, by, cancellation);
                if (outcome.Problem is null)
                {
                    await DeadLetterBox.ResolveAsync(
                        servers, letter, new(letter.Place.Offset, DeadLetterResolved.Retried, by, null, session.Time.GetUtcNow()),
                        cancellation);
                    if (letter.Head.OrderId is { } settled)
                    {
                        open[settled]--;
                    }
                }

                results.Add((letter, outcome));
                told((double)results.Count / chosen.Count, Text($"{results.Count:N0} of {chosen.Count:N0}"));
            }
        });
        foreach (var (letter, outcome) in results)
        {
            session.Screen.Line(outcome.Problem is { } problem
                ? $"{letter.Place} failed again: {problem}"
                : $"{letter.Place} {(outcome.Outcome == MessageOutcome.Changed ? "processed" : "processed; it changed nothing")}" +
                  (letter.Head.OrderId is { } o ? $" (order {o})" : ""));
        }

        return results.Count(r => r.Outcome.Problem is null);
    }

    private static Command Discard(Session session)
    {
        var pick = new LetterPick();
        var why = OperatorOptions.WhyOption("Why nothing is to be done about it; kept with the letter.");
        var discard = new Command(
            "discard", "Marks letters as settled without processing them. Cases of their orders stay open: 'shopctl review'.")
        {
            why,
        };
        pick.AddTo(discard);
        discard.Takes(OperatorActions.DeadLettersDiscard);
        session.Bind(discard, async (servers, arguments, cancellation) =>
        {
            pick.Require(arguments);
            var reason = arguments.GetValue(why)?.Trim() is { Length: >= 1 and <= MaxWhy } text
                ? text
                : throw new ShopctlException(ExitCodes.Usage, Text($"--why must be 1 to {MaxWhy} characters."));
            await servers.RequireLogAsync(cancellation);
            var (chosen, more) = pick.Choose(arguments, await DeadLetterBox.ReadAsync(servers, cancellation));
            await using var grant = await session.Operators.RequireAsync(
                OperatorActions.DeadLettersDiscard, pick.Describe(arguments, chosen), reason, [], cancellation);
            foreach (var letter in chosen)
            {
                await DeadLetterBox.ResolveAsync(
                    servers, letter,
                    new(letter.Place.Offset, DeadLetterResolved.Discarded, grant.Operator.Name, reason, session.Time.GetUtcNow()),
                    cancellation);
            }

            await grant.DoneAsync(Text($"{chosen.Count} open"), "discarded", cancellation, chosen.Count);
            session.Screen.Line(Text($"{chosen.Count:N0} letters are discarded."));
            return Ended(session, chosen.Count, chosen.Count, more);
        });
        return discard;
    }

    internal static LetterPlace Place(string text) => LetterPlace.Parse(text)
        ?? throw new ShopctlException(
            ExitCodes.Usage, $"'{text}' names no letter: it is PARTITION:OFFSET, as 'dead-letters list' shows it.");

    internal static ShopctlException NoLetter(LetterPlace place, LetterShelf shelf) => new(
        ExitCodes.Failed,
        $"No letter {place} lies on {Topics.DeadLetters.Name}" +
        (shelf.IsCut ? ", or it is one of those that were left out: there are more than are held at once." : "."));

    /// <summary>Says where more are meant than were taken.</summary>
    /// <returns>The exit code: only where nothing that is meant is left open, all went well.</returns>
    private static int Ended(Session session, int chosen, int done, bool more)
    {
        if (more)
        {
            session.Screen.Note(
                chosen == 0
                    ? "There are more open letters than are held at once, and none of those held is meant: settle others first."
                    : "There are more letters than are taken at once: repeat the command"
                        + (done < chosen ? ", with --since to pass over those that failed again." : "."));
        }

        return done == chosen && !more ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
