using System.Globalization;
using CardShop.Pipeline;
using CardShop.Shop.Replay;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Replay;

/// <summary>How a run of a replay ended.</summary>
/// <param name="Records">Behind it, those of earlier runs included.</param>
/// <param name="PerSecond">Of this run.</param>
internal sealed record ReplayEnd(bool Finished, long Records, double PerSecond, ReplayReport Report)
{
    private const int MaxShown = 50;

    public string Summary(ReplayJob job) => Text(
        $"{End}: {Records:N0} of {job.Records:N0} records, {Counts(job)}, refused {Report.Refused:N0}");

    private string End => Finished ? "finished" : "stopped";

    private string Counts(ReplayJob job) =>
        Text($"{job.Topic.Words.Done} {Report.DoneOf(Records):N0}, {job.Topic.Words.Changed} {Report.Changed:N0}");

    public void Show(Session session, ReplayJob job)
    {
        var screen = session.Screen;
        screen.Line(Text($"records {Records:N0} of {job.Records:N0}, {PerSecond:N0} records/s"));
        screen.Line(Text($"{job.Topic.Words.Done} {Report.DoneOf(Records):N0}"));
        screen.Line(Text($"{job.Topic.Words.Changed} {Report.Changed:N0}"));
        foreach (var id in Report.ChangedIds.Take(MaxShown))
        {
            screen.Line("  " + id);
        }

        More(screen, Report.ChangedIds.Count);
        screen.Line(Text($"refused {Report.Refused:N0}"));
        foreach (var refused in Report.RefusedRecords.Take(MaxShown))
        {
            screen.Line(
                $"  {refused.Place} {refused.OrderId} {refused.Reason} " +
                (refused.Known ? "(a dead letter since before)" : "(dead-lettered now)"));
        }

        More(screen, Report.RefusedRecords.Count);
        if (Report.Archived > 0)
        {
            screen.Line(Text($"of archived orders, which have ended {Report.Archived:N0}"));
        }

        if (Report.PassedOver > 0)
        {
            screen.Line(Text($"not meant by --sku or --order {Report.PassedOver:N0}"));
        }

        if (!Finished)
        {
            screen.Note($"Stopped. It goes on with: shopctl replay --resume {job.Id}");
        }
    }

    private static void More(Screen screen, int count)
    {
        if (count > MaxShown)
        {
            screen.Line(Text($"  and {count - MaxShown:N0} more: --json has up to a thousand"));
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Does the work of a replay, from where it is.</summary>
internal sealed class ReplayRunner(Session session, ShopServers servers, ReplayStore store, int rate, Letters letters)
{
    /// <summary>How long a batch in hand may take once somebody has asked for the end.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    public async Task<ReplayEnd> RunAsync(ReplayJob job, CancellationToken stop)
    {
        await using var held = await store.LockAsync(job.Id, stop)
            ?? throw new ShopctlException(ExitCodes.Failed, $"Replay {job.Id} is at work elsewhere.");
        var fence = await servers.RequireWritableAsync(stop);
        var handlers = new ReplayHandlers(servers);
        var dispatcher = handlers.OpenDispatcher();
        var tally = new ReplayTally(job.Report);
        var work = new ReplayWork(
            handlers.Open(job.Topic.Group, job.Group, fence), job.Topic, job.Filter, letters.Has, tally, dry: false);
        var room = new WebhookRoom(servers.Database, session.Time);
        var positions = store.PositionsOf(job);
        var replayer = new Replayer(
            servers.Ranges, positions, handlers.Loop(work, dispatcher), tally, new(rate, session.Time),
            job.Topic.Group == Shop.Store.FleetGroups.Notifications ? room.WaitAsync : _ => Task.CompletedTask,
            next => HintAsync(job, next), session.Time, new Random());

        using var hard = new CancellationTokenSource();
        await using var asked = stop.Register(() => hard.CancelAfter(Grace));
        var started = session.Time.GetTimestamp();
        var last = default(ReplayStep);
        var finished = false;
        try
        {
            await WorkProgress.RunAsync(session.Screen, session.Time, "replay", async told =>
                finished = await FenceWatch.RunAsync(
                    fence, session.Time,
                    cancelled => replayer.RunAsync(
                        job,
                        step =>
                        {
                            last = step;
                            told((double)step.Records / job.Records, Describe(job, step, session.Time.GetElapsedTime(started)));
                        },
                        stop, cancelled),
                    hard.Token));
        }
        catch (OperationCanceledException) when (hard.IsCancellationRequested)
        {
            // The batch in hand was given up: it is done again by the next run.
        }
        catch (Exception e) when (Failures.IsPlace(e) || e is ShopctlException)
        {
            session.Screen.Note($"It goes on with: shopctl replay --resume {job.Id}");
            throw;
        }

        var elapsed = session.Time.GetElapsedTime(started);
        using var limit = new CancellationTokenSource(Grace, session.Time);
        await dispatcher.DrainAsync(limit.Token);
        if (finished)
        {
            await store.FinishAsync(job, limit.Token);
        }

        return new(finished, last.Records, last.Now / Math.Max(elapsed.TotalSeconds, 0.001), tally.Report);
    }

    private static string Describe(ReplayJob job, ReplayStep step, TimeSpan elapsed)
    {
        var perSecond = step.Now / Math.Max(elapsed.TotalSeconds, 0.001);
        var left = perSecond > 0 ? TimeSpan.FromSeconds((job.Records - step.Records) / perSecond) : TimeSpan.Zero;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{step.Records:N0} of {job.Records:N0}, {perSecond:N0} records/s, {left:hh\\:mm\\:ss} left");
    }

    /// <summary>For those who watch groups in Kafka; the truth is in PostgreSQL.</summary>
    private async Task HintAsync(ReplayJob job, IReadOnlyDictionary<Pipeline.Log.PartitionKey, long> positions)
    {
        try
        {
            await servers.Ranges.CommitAsync(job.Group, positions, CancellationToken.None);
        }
        catch (Exception e) when (Failures.IsPlace(e))
        {
            // Only a hint.
        }
    }
}
