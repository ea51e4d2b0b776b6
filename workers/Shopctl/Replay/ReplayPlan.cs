using System.Globalization;
using CardShop.Shop.Replay;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Replay;

/// <summary>What a replay would do.</summary>
/// <param name="Looked">Records that were looked into, from the beginning of every partition.</param>
/// <param name="Orders">Distinct orders among them.</param>
internal sealed record ReplayPlan(ReplayRange Range, long Looked, int Orders, ReplayReport Report)
{
    public bool IsWhole => Looked == Range.Records;

    /// <summary>Looks into the range: the same decisions in transactions that are rolled back.</summary>
    public static async Task<ReplayPlan> LookAsync(
        Session session, ShopServers servers, ReplayRequest request, ReplayRange range, Letters letters,
        CancellationToken cancellation)
    {
        if (range.Records == 0)
        {
            return new(range, 0, 0, ReplayReport.Empty);
        }

        // Its own fence: the positions that this pass moves are nowhere, and must be nobody's witness.
        var fence = await servers.RequireWritableAsync(cancellation);
        var sample = SampleOf(request, range);
        var positions = new DryPositions(sample.Starts);
        var handlers = new ReplayHandlers(servers);
        var tally = new ReplayTally(ReplayReport.Empty, countOrders: true);
        var work = new ReplayWork(
            await handlers.OpenDryAsync(request.Topic, sample.Group, fence, positions, cancellation), request.Topic,
            request.Filter, letters.Has, tally, dry: true);
        var replayer = new Replayer(
            servers.Ranges, positions, handlers.Loop(work, handlers.OpenDispatcher()), tally,
            new(request.Rate, session.Time), _ => Task.CompletedTask, _ => Task.CompletedTask, session.Time, new Random());
        await WorkProgress.RunAsync(session.Screen, session.Time, "plan", async told =>
        {
            await FenceWatch.RunAsync(fence, session.Time, stop => replayer.RunAsync(
                sample, step => told(sample.Records == 0 ? 1 : (double)step.Records / sample.Records, Text($"{step.Records:N0} records")),
                stop, stop), cancellation);
        });
        cancellation.ThrowIfCancellationRequested();
        return new(range, sample.Records, tally.Orders, tally.Report);
    }

    public void Show(Session session, ReplayRequest request)
    {
        var table = Screen.Table("partition", "#first", "#last", "#records");
        foreach (var (partition, start) in Range.Starts)
        {
            var end = Range.Ends[partition];
            Screen.Row(
                table, Text($"{partition.Topic}[{partition.Partition}]"), Text($"{start}"), Text($"{end - 1}"),
                Text($"{end - start:N0}"));
        }

        session.Screen.Show(table);
        var words = request.Topic.Words;
        var about = IsWhole ? string.Empty : Text($" of the first {Looked:N0}; about {Estimate(Report.Changed):N0} of all");
        session.Screen.Line(Text($"records         {Range.Records:N0}"));
        var least = Orders >= ReplayTally.MaxOrders ? "at least " : string.Empty;
        session.Screen.Line(
            Text($"distinct orders {least}{Orders:N0}{(IsWhole ? "" : Text($" in the first {Looked:N0} records, about {Estimate(Orders):N0} in all"))}"));
        session.Screen.Line(Text($"{words.Done}: {Report.DoneOf(Looked):N0}"));
        session.Screen.Line(Text($"would be {words.Changed}: {Report.Changed:N0}{about}"));
        if (Report.Refused > 0)
        {
            session.Screen.Line(Text($"cannot be processed: {Report.Refused:N0}"));
        }

        if (Report.Archived > 0)
        {
            session.Screen.Line(Text($"of archived orders: {Report.Archived:N0}"));
        }

        if (Report.PassedOver > 0)
        {
            session.Screen.Line(Text($"not meant by --sku or --order: {Report.PassedOver:N0}"));
        }

        if (Range.Trimmed > 0)
        {
            session.Screen.Note(Text($"{Range.Trimmed:N0} records at the beginning of the range are no longer kept."));
        }

        if (Range.Unprocessed > 0)
        {
            session.Screen.Note(Text(
                $"{Range.Unprocessed:N0} records at its end are left to the fleet, which has not come to them yet."));
        }
    }

    private long Estimate(long counted) => Looked == 0 ? 0 : (long)Math.Round((double)counted * Range.Records / Looked);

    /// <summary>The beginning of every partition, in proportion.</summary>
    private static ReplayJob SampleOf(ReplayRequest request, ReplayRange range)
    {
        var share = request.DryRun ? 1 : Math.Min(1, (double)request.PlanRecords / range.Records);
        return new(
            "plan", request.Topic, request.Asked, request.Filter, range.Starts,
            range.Starts.ToDictionary(
                s => s.Key,
                s => s.Value + Math.Max(1, (long)Math.Ceiling((range.Ends[s.Key] - s.Value) * share))),
            ReplayReport.Empty, string.Empty, DateTimeOffset.UnixEpoch);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
