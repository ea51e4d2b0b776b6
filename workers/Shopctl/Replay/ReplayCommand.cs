using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Shop.Operators;
using CardShop.Shop.Replay;
using CardShop.Shopctl.DeadLetters;
using CardShop.Shopctl.Operators;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Replay;

/// <summary><c>shopctl replay</c>: a range of a topic once more through the fleets' own handlers.</summary>
public static class ReplayCommand
{
    private const int DefaultPlanRecords = 100_000;

    public static Command Create(Session session)
    {
        var o = new Options();
        var command = new Command(
            "replay",
            """
            Runs the records of a range through the fleets' own handlers again. Whatever was done before stays as it is; what
            was missed is made up for. Safe beside running fleets and at any time. First a plan, then the work, then a report.
            Ctrl-C ends it after the batch in hand; the same command again, or --resume, goes on.
            """)
        {
            o.Topic, o.From, o.To, o.Sku, o.Order, o.Rate, o.DryRun, o.PlanRecords, o.Resume, o.Json, List(session),
            Abandon(session),
        };
        command.Takes(OperatorActions.Replay);
        session.Bind(command, (servers, arguments, cancellation) => RunAsync(session, servers, o, arguments, cancellation));
        return command;
    }

    private static async Task<int> RunAsync(
        Session session, ShopServers servers, Options o, ParseResult arguments, CancellationToken cancellation)
    {
        var request = RequestOf(o, arguments);
        await servers.RequireDatabaseAsync(cancellation);
        await servers.RequireLogAsync(cancellation);
        var store = new ReplayStore(servers.Database);
        var begun = await BegunAsync(store, request, arguments.GetValue(o.Resume), cancellation);
        var letters = await DeadLetterBox.PlacesAsync(servers, (begun?.Topic ?? request!.Topic).Topic, cancellation);
        var job = begun;
        if (job is not null)
        {
            session.Screen.Note(Text($"Replay {job.Id} of {job.StartedAt:u} goes on: {job.Asked}."));
        }
        else
        {
            var range = await request!.ResolveAsync(servers, cancellation);
            var plan = await ReplayPlan.LookAsync(session, servers, request, range, letters, cancellation);
            plan.Show(session, request);
            if (request.DryRun || range.Records == 0)
            {
                Save(arguments.GetValue(o.Json), plan.Report, request.Asked, plan.Looked, null, request.DryRun, finished: true);
                session.Screen.Line(request.DryRun ? "A dry run: nothing was changed." : "There is nothing to replay.");
                return ExitCodes.Ok;
            }

            job = NewJob(session, request, range);
        }

        await RequireMeansAsync(servers, job, cancellation);

        // The same for the run that goes on: the approval of the first one serves it too.
        await using var grant = await session.Operators.RequireAsync(
            OperatorActions.Replay, job.Topic.Topic.Name, null, [("range", job.Asked)], cancellation);
        if (begun is null)
        {
            job = job with { Operator = grant.Operator.Name };
            await store.CreateAsync(job, cancellation);
        }

        var end = await new ReplayRunner(session, servers, store, Rate(o, arguments), letters).RunAsync(job, cancellation);
        end.Show(session, job);
        Save(arguments.GetValue(o.Json), end.Report, job.Asked, end.Records, end.PerSecond, false, end.Finished);
        if (end.Finished)
        {
            await grant.DoneAsync(Text($"replay {job.Id}"), end.Summary(job), CancellationToken.None, end.Records);
        }
        else
        {
            await grant.FailAsync(Text($"replay {job.Id} {end.Summary(job)}"), CancellationToken.None);
        }

        return !end.Finished || end.Report.RefusedRecords.Any(r => !r.Known) ? ExitCodes.Failed : ExitCodes.Ok;
    }

    /// <returns>Null where an earlier replay goes on.</returns>
    private static ReplayRequest? RequestOf(Options o, ParseResult arguments)
    {
        var topic = arguments.GetValue(o.Topic);
        if (arguments.GetValue(o.Resume) is not null)
        {
            Rate(o, arguments);
            return topic is null && !arguments.GetValue(o.DryRun)
                ? null
                : throw Usage("--resume goes on with what was begun: without a topic, and not dry.");
        }

        return ReplayRequest.Of(
            topic ?? throw Usage("Say which topic: shopctl replay TOPIC --from … --to …, or --resume ID."),
            arguments.GetValue(o.From), arguments.GetValue(o.To), arguments.GetValue(o.Sku), arguments.GetValue(o.Order),
            Rate(o, arguments), arguments.GetValue(o.DryRun), Math.Max(1, arguments.GetValue(o.PlanRecords)));
    }

    private static int Rate(Options o, ParseResult arguments) => arguments.GetValue(o.Rate) is >= 1 and <= 1_000_000 and var rate
        ? rate
        : throw Usage("--rate must be 1 to 1,000,000 records a second.");

    /// <summary>The unfinished replay that is meant; null where a new one is.</summary>
    private static async Task<ReplayJob?> BegunAsync(
        ReplayStore store, ReplayRequest? request, string? resume, CancellationToken cancellation) => request switch
        {
            null => await store.FindAsync(resume!, cancellation)
                ?? throw new ShopctlException(
                    ExitCodes.Failed, $"No unfinished replay {resume}: 'shopctl replay list' shows them."),
            { DryRun: true } => null,
            _ => await store.FindAskedAsync(request.Asked, cancellation),
        };

    /// <summary>What the work needs is found out before it is begun.</summary>
    private static async Task RequireMeansAsync(ShopServers servers, ReplayJob job, CancellationToken cancellation)
    {
        if (job.Topic.Topic == Topics.Orders && servers.Settings.Shop.Channels is null)
        {
            throw Usage(
                "Settings Channels__<channel>__Profiles__<n>__Name are missing: an order that is repaired opens a payment, " +
                "which takes the merchant profiles that the fleets have.");
        }

        // What is repaired sends commands.
        await using var connection = await servers.OpenRabbitAsync(cancellation);
    }

    private static ReplayJob NewJob(Session session, ReplayRequest request, ReplayRange range) => new(
        RandomNumberGenerator.GetHexString(8, lowercase: true), request.Topic, request.Asked, request.Filter, range.Starts,
        range.Ends, ReplayReport.Empty, string.Empty, session.Time.GetUtcNow());

    private static Command List(Session session)
    {
        var json = new Option<bool>("--json") { Description = "For programs: JSON on standard output." };
        var list = new Command("list", "Replays that were begun and are not finished.") { json };
        session.Bind(list, async (servers, arguments, cancellation) =>
        {
            await servers.RequireDatabaseAsync(cancellation);
            var store = new ReplayStore(servers.Database);
            var rows = new List<ReplayRow>();
            foreach (var job in await store.ListAsync(cancellation))
            {
                var done = job.DoneAt(await store.PositionsOf(job).ReadAsync(cancellation));
                rows.Add(new(job.Id, job.Asked, job.StartedAt, job.Operator, done, job.Records));
            }

            if (arguments.GetValue(json))
            {
                session.Screen.Line(JsonSerializer.Serialize(rows, ReplayDocuments.Default.IReadOnlyListReplayRow));
                return ExitCodes.Ok;
            }

            var table = Screen.Table("id", "asked for", "begun at", "by", "#done", "#of");
            foreach (var row in rows)
            {
                Screen.Row(
                    table, row.Id, row.Asked, Text($"{row.StartedAt:u}"), row.Operator, Text($"{row.Done:N0}"), Text($"{row.Records:N0}"));
            }

            session.Screen.Show(table);
            return ExitCodes.Ok;
        });
        return list;
    }

    private static Command Abandon(Session session)
    {
        var id = new Argument<string>("ID") { Description = "As 'replay list' shows it." };
        var abandon = new Command("abandon", "Forgets an unfinished replay; what it has done stays.") { id };
        abandon.Takes(OperatorActions.ReplayAbandon);
        session.Bind(abandon, async (servers, arguments, cancellation) =>
        {
            await servers.RequireWritableAsync(cancellation);
            var store = new ReplayStore(servers.Database);
            var job = await store.FindAsync(arguments.GetValue(id)!, cancellation)
                ?? throw new ShopctlException(ExitCodes.Failed, "No such replay: 'shopctl replay list' shows them.");
            await using var held = await store.LockAsync(job.Id, cancellation)
                ?? throw new ShopctlException(ExitCodes.Failed, $"Replay {job.Id} is at work elsewhere: stop it there first.");
            await using var grant = await session.Operators.RequireAsync(
                OperatorActions.ReplayAbandon, job.Id, null, [("range", job.Asked)], cancellation);
            await store.FinishAsync(job, cancellation);
            await grant.DoneAsync(job.Asked, "forgotten", cancellation);
            session.Screen.Line($"Replay {job.Id} is forgotten.");
            return ExitCodes.Ok;
        });
        return abandon;
    }

    private static void Save(
        string? file, ReplayReport report, string asked, long records, double? perSecond, bool dry, bool finished)
    {
        if (file is null)
        {
            return;
        }

        var text = JsonSerializer.Serialize(
            new(
                asked, dry, finished, records, report.DoneOf(records), report.Changed, report.ChangedIds, report.Refused,
                report.RefusedRecords, report.Archived, report.PassedOver, perSecond is { } rate ? Math.Round(rate) : null),
            ReplayDocuments.Default.ReplayDocument);
        File.WriteAllText(file, text + "\n");
    }

    private static ShopctlException Usage(string text) => new(ExitCodes.Usage, text);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private sealed class Options
    {
        public Argument<string?> Topic { get; } = new("TOPIC")
        {
            Description = "One of: " + string.Join(", ", ReplayTopic.All.Select(t => t.Topic.Name)) + ".",
            Arity = ArgumentArity.ZeroOrOne,
        };

        public Option<string?> From { get; } = Text("--from", $"Where it begins: {ReplayPlace.Forms}.", "PLACE");

        public Option<string?> To { get; } = Text("--to", $"Up to here, and without it: {ReplayPlace.Forms} (end).", "PLACE");

        public Option<string?> Sku { get; } = Text("--sku", "Only records of this product.", "SKU");

        public Option<string?> Order { get; } = Text("--order", "Only records of this order.", "ID");

        public Option<int> Rate { get; } = new("--rate")
        {
            Description = "Records a second at most (5000).",
            DefaultValueFactory = _ => ReplayRequest.DefaultRate,
            HelpName = "N",
        };

        public Option<bool> DryRun { get; } = new("--dry-run")
        {
            Description = "The plan of the whole range alone; nothing is changed or sent.",
        };

        public Option<int> PlanRecords { get; } = new("--plan-records")
        {
            Description = "Records that the plan looks into before the work (100000); beyond, it estimates.",
            DefaultValueFactory = _ => DefaultPlanRecords,
            HelpName = "N",
        };

        public Option<string?> Resume { get; } = Text("--resume", "Goes on with an unfinished replay.", "ID");

        public Option<string?> Json { get; } = Text("--json", "The report for programs, into this file.", "FILE");

        private static Option<string?> Text(string name, string description, string help) =>
            new(name) { Description = description, HelpName = help };
    }
}
