using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using CardShop.Shop.Operators;
using CardShop.Shop.Reconciliation;
using CardShop.Shopctl.Operators;
using CardShop.Shop.Store;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Reconcile;

/// <summary><c>shopctl reconcile</c>: a provider's statement against what the orders record.</summary>
public static class ReconcileCommand
{
    private static readonly TimeSpan Beijing = TimeSpan.FromHours(8);

    public static Command Create(Session session)
    {
        var files = new Argument<string[]>("FILE")
        {
            Description =
                "Statements of one channel, unpacked: Alipay's business detail bill, WeChat Pay's trade bill, UnionPay's ZM file, or CSV " +
                "with the header number,trade_no,kind,amount_fen,currency,time,refund_number. Days that follow each other " +
                "may be given together: then nothing is left open at the border between them.",
            Arity = ArgumentArity.OneOrMore,
        };
        var channel = new Option<string?>("--channel") { Description = "Whose statement it is (the file's own).", HelpName = "C" };
        channel.AcceptOnlyFromAmong("alipay", "wechat", "unionpay");
        var profile = new Option<string?>("--profile")
        {
            Description = "The merchant profile whose statement it is (all of the channel).",
            HelpName = "P",
        };
        var date = new Option<string?>("--date")
        {
            Description = "The provider's day, yyyy-MM-dd in Beijing (the file's own).",
            HelpName = "D",
        };
        var dry = new Option<bool>("--dry-run") { Description = "Compares and reports; files no case." };
        var json = new Option<bool>("--json") { Description = "Reports as JSON." };
        var most = new Option<int>("--max-cases")
        {
            Description =
                "Cases that one run may file, 1 to 100000, beside those that earlier runs filed: a statement of another shop must not " +
                "flood this one.",
            DefaultValueFactory = _ => 1_000,
            HelpName = "N",
        };
        var wait = new Option<int>("--wait-seconds")
        {
            Description = "How long to wait for the fleets to take in what is queued.",
            DefaultValueFactory = _ => 60,
            HelpName = "N",
        };
        var reconcile = new Command(
            "reconcile",
            "Compares a provider's statement with the orders: matched, missing here, missing there, differing. Files a case " +
            "for each difference, once however often it is run; 'shopctl review' shows them. Exit code 0 all matched, " +
            "1 differences, 2 wrong use or no statement.")
        {
            files, channel, profile, date, dry, json, most, wait,
        };
        reconcile.Takes(OperatorActions.ReconcileApply);
        session.Bind(reconcile, (servers, arguments, cancellation) => RunAsync(
            session, servers,
            new(
                arguments.GetValue(files)!, arguments.GetValue(channel), arguments.GetValue(profile),
                DateOf(arguments.GetValue(date)), arguments.GetValue(dry), arguments.GetValue(json),
                Within(arguments.GetValue(most), 1, 100_000, "--max-cases"),
                TimeSpan.FromSeconds(Within(arguments.GetValue(wait), 0, 86_400, "--wait-seconds"))),
            cancellation));
        return reconcile;
    }

    private static async Task<int> RunAsync(
        Session session, ShopServers servers, Options options, CancellationToken cancellation)
    {
        var files = options.Files.Select(Open).ToList();
        try
        {
            await servers.RequireDatabaseAsync(cancellation);
            var work = options.DryRun ? null : await servers.OpenOperatorWorkAsync(cancellation);
            await using var grant = work is null ? null : await session.Operators.RequireAsync(
                OperatorActions.ReconcileApply, string.Join(' ', options.Files.Select(Path.GetFileName)), null, [], cancellation);
            var behind = work is null ? 0 : await Backlog.WaitAsync(servers, options.Patience, cancellation);
            var report = new ReconciliationReport(Math.Max(options.MaxCases, ReconcileSummary.Shown));
            var scope = await CompareAsync(session, servers, options, files, report, cancellation);
            var cases = work is null ? new(report.CaseCount, 0, report.FiledCount, 0, "A dry run: nothing was filed.")
                : behind > 0 ? new FiledCases(report.CaseCount, 0, report.FiledCount, 0, string.Create(
                    CultureInfo.InvariantCulture,
                    $"Nothing was filed: the fleets are {behind:N0} records behind, and what waits looks like missing. Run it again."))
                : await FileAsync(work, scope, report, options.MaxCases, cancellation);
            if (grant is not null)
            {
                await grant.DoneAsync(null, cases.Note, cancellation, cases.Filed);
            }

            if (options.Json)
            {
                session.Screen.Line(JsonSerializer.Serialize(
                    ReconcileSummary.ToDocument(scope, report, cases), ReconcileJson.Default.ReconcileDocument));
            }
            else
            {
                ReconcileSummary.Show(session.Screen, scope, report, cases);
            }

            return report.IsClean ? ExitCodes.Ok : ExitCodes.Failed;
        }
        finally
        {
            foreach (var file in files)
            {
                await file.DisposeAsync();
            }
        }
    }

    private static async Task<MatchScope> CompareAsync(
        Session session, ShopServers servers, Options options, IReadOnlyList<FileStream> files, ReconciliationReport report,
        CancellationToken cancellation)
    {
        var now = session.Time.GetUtcNow();
        var reconciler = new Reconciler(
            new PostgresRecordedOrders(servers.Database),
            new(options.Channel, options.Profile, servers.Settings.Region, options.Date, now), report);
        var latest = options.Date is { } day
            ? new DateTimeOffset(day.AddDays(1).ToDateTime(TimeOnly.MinValue), Beijing)
            : now + StatementMatcher.Edge;
        var length = Math.Max(1.0, files.Sum(f => f.Length));
        try
        {
            await ReconcileProgress.RunAsync(
                session.Screen, session.Time, report, () => files.Sum(f => f.Position) / length,
                async progress =>
                {
                    foreach (var file in files)
                    {
                        await reconciler.ReadAsync(
                            Path.GetFileName(file.Name), new StatementReader(file, latest), progress, cancellation);
                    }

                    await reconciler.FinishAsync(progress, cancellation);
                });
        }
        catch (Exception e) when (e is StatementFormatException or IOException)
        {
            throw new ShopctlException(ExitCodes.Usage, e.Message, e);
        }

        return reconciler.Scope!;
    }

    /// <summary>Each finding goes through the order's saga like any message; its id makes a repeat change nothing.</summary>
    private static async Task<FiledCases> FileAsync(
        OperatorWork work, MatchScope scope, ReconciliationReport report, int most, CancellationToken cancellation)
    {
        long filed = 0, known = report.FiledCount, refused = 0;
        foreach (var message in report.Cases.Select(f => f.ToMessage(scope)).OfType<Shop.Payments.PaymentMessage.StatementFinding>())
        {
            if (filed == most)
            {
                break;
            }

            var outcome = await work.RunAsync(message, cancellation);
            filed += outcome.Result == OperatorResult.Done ? 1 : 0;
            known += outcome.Result == OperatorResult.Repeated ? 1 : 0;
            refused += outcome.Result == OperatorResult.Refused ? 1 : 0;
        }

        var left = report.CaseCount - filed - known - refused;
        return new(report.CaseCount, filed, known, refused, Note(report, left));
    }

    private static string? Note(ReconciliationReport report, long left) =>
        left > 0 ? string.Create(
            CultureInfo.InvariantCulture,
            $"{left:N0} cases were not filed (--max-cases). Is it this shop's statement? Settle those that are filed, then run it again.")
        : report.RefusedCount > 0 && report.Total(FindingKind.MissingThere) > 0
            ? "What is missing there was not filed: it may stand in the lines that were refused."
        : null;

    private static FileStream Open(string file)
    {
        try
        {
            return new(file, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.SequentialScan);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ShopctlException(ExitCodes.Usage, $"The file cannot be read: {e.Message}", e);
        }
    }

    private static DateOnly? DateOf(string? text) => text is null ? null
        : DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) ? date
        : throw new ShopctlException(ExitCodes.Usage, "--date must be yyyy-MM-dd");

    private static int Within(int value, int low, int high, string name) => value >= low && value <= high
        ? value
        : throw new ShopctlException(ExitCodes.Usage, $"{name} must be {low} to {high}.");

    private sealed record Options(
        IReadOnlyList<string> Files, string? Channel, string? Profile, DateOnly? Date, bool DryRun, bool Json, int MaxCases,
        TimeSpan Patience);
}
