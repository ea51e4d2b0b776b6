using System.CommandLine;
using System.Globalization;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Documents;
using CardShop.Pipeline.Log;
using CardShop.Shop.Housekeeping;
using CardShop.Shop.Operators;
using CardShop.Shopctl.Operators;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Statistics;
using CardShop.Shopctl.Terminal;
using Microsoft.Extensions.Logging.Abstractions;

namespace CardShop.Shopctl.Housekeeping;

/// <summary><c>shopctl housekeeping</c>: what the notifications fleet does in the background, asked for or done now.</summary>
public static class HousekeepingCommands
{
    public static Command Create(Session session) => new(
        "housekeeping", "Trims the log below every backup, archives finished orders, deletes old rows.")
    {
        Plan(session), Run(session),
    };

    private static Command Plan(Session session)
    {
        var plan = new Command("plan", "What would be done, and what keeps the rest. Changes nothing.");
        session.Bind(plan, async (servers, arguments, cancellation) =>
        {
            var options = HousekeepingSettings.From(session.Settings);
            await servers.RequireDatabaseAsync(cancellation);
            await servers.RequireLogAsync(cancellation);
            using var care = new KafkaTopicCare(Kafka(servers));
            var housekeeper = Open(servers, care, new(servers.Log, new PostgresFence(servers.Database, servers.Settings.TopicPrefix), [], NullLogger<RollbackFence>.Instance), options, session.Settings);
            ShowTrim(session.Screen, await housekeeper.Trimmer.PlanAsync(cancellation));
            if (housekeeper.Archiver is { } archiver)
            {
                var (seen, ended) = await archiver.LookAsync(cancellation);
                session.Screen.Line(string.Create(
                    CultureInfo.InvariantCulture,
                    $"Of the first {seen:N0} orders {ended:N0} have not changed for {options.ArchiveAfterDays} days; those that have ended move to {options.ArchiveDirectory}."));
            }
            else
            {
                session.Screen.Line($"No order is archived: setting {HousekeepingOptions.ArchiveSetting} names no folder.");
            }

            return ExitCodes.Ok;
        });
        return plan;
    }

    private static Command Run(Session session)
    {
        var run = new Command("run", "Does all of it now, to the end.");
        run.Takes(OperatorActions.TopicsTrim);
        session.Bind(run, async (servers, arguments, cancellation) =>
        {
            var options = HousekeepingSettings.From(session.Settings);
            var fence = await servers.RequireWritableAsync(cancellation);
            (options.ArchiveDirectory is { } folder ? new ArchiveFiles(folder) : null)?.Require();
            await using var held = await AdvisoryLock.TryTakeAsync(servers.Database, Housekeeper.LockId, cancellation)
                ?? throw new ShopctlException(ExitCodes.Failed, "Another process is keeping house now. Try again in a minute.");
            await using var grant = await session.Operators.RequireAsync(
                OperatorActions.TopicsTrim, "log, archive and old rows", null,
                [("keep-log-days", $"{options.KeepLogDays}"), ("archive-after-days", $"{options.ArchiveAfterDays}")], cancellation);
            using var care = new KafkaTopicCare(Kafka(servers));
            var housekeeper = Open(servers, care, fence, options, session.Settings);
            if (housekeeper.Archiver is { } archiver)
            {
                await archiver.BeginPassAsync(cancellation);
            }

            await grant.DoneAsync(null, await RunAsync(session, housekeeper, cancellation), cancellation);
            return ExitCodes.Ok;
        });
        return run;
    }

    /// <returns>What was done, in a line.</returns>
    private static async Task<string> RunAsync(Session session, Housekeeper housekeeper, CancellationToken cancellation)
    {
        var (trimmed, seen, archived, rows) = (0L, 0L, 0L, 0L);
        string? refusal;
        HousekeepingReport report;
        do
        {
            report = await housekeeper.RoundAsync(cancellation);
            refusal = report.Refusal;
            trimmed += report.Trimmed;
            seen += report.Seen;
            archived += report.Archived;
            rows += report.Cleaned.Values.Sum();
            session.Screen.Note(string.Create(
                CultureInfo.InvariantCulture,
                $"{trimmed:N0} records trimmed, {seen:N0} orders looked at, {archived:N0} archived, {rows:N0} old rows deleted …"));
        }
        while (!report.IsOver);

        var table = Screen.Table("job", "#done");
        Screen.Row(table, "records trimmed from the log", Number(trimmed));
        Screen.Row(table, "orders moved to the archive", Number(archived));
        Screen.Row(table, "old rows deleted", Number(rows));
        session.Screen.Show(table);
        if (refusal is not null)
        {
            session.Screen.Line($"Nothing was trimmed: {refusal}.");
        }

        return string.Create(
            CultureInfo.InvariantCulture, $"{trimmed:N0} records trimmed, {archived:N0} orders archived, {rows:N0} old rows deleted");
    }

    private static void ShowTrim(Screen screen, TrimPlan plan)
    {
        if (plan.Refusal is { } refusal)
        {
            screen.Line($"Nothing may be trimmed: {refusal}.");
            return;
        }

        var table = Screen.Table("topic", "#partition", "#from", "#to", "#records", "the next is kept because");
        foreach (var step in plan.Steps)
        {
            Screen.Row(
                table, step.Partition.Topic, Number(step.Partition.Partition), Number(step.From), Number(step.To),
                Number(step.To - step.From), step.Because);
        }

        screen.Show(table);
        screen.Line(string.Create(CultureInfo.InvariantCulture, $"{plan.Steps.Sum(s => s.To - s.From):N0} records may be trimmed."));
    }

    private static Housekeeper Open(ShopServers servers, KafkaTopicCare care, RollbackFence fence, HousekeepingOptions options,
        ShopctlSettings settings) => new(
        servers.Database, new KafkaRanges(Kafka(servers), servers.Time, NullLogger<KafkaRanges>.Instance), care, fence, options,
        StatisticsCommand.RollUp(servers, settings), servers.Time);

    private static KafkaSettings Kafka(ShopServers servers) => new(
        servers.Settings.Kafka, "cardshop-shopctl", TimeSpan.FromSeconds(30), TimeSpan.Zero);

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
