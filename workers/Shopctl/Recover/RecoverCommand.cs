using System.CommandLine;
using System.Globalization;
using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Documents;
using CardShop.Pipeline.Log;
using CardShop.Shop.Operators;
using CardShop.Shop.Orders;
using CardShop.Shop.Recovery;
using CardShop.Shop.Store;
using CardShop.Shopctl.Operators;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;
using Microsoft.Extensions.Logging.Abstractions;

namespace CardShop.Shopctl.Recover;

/// <summary><c>shopctl recover</c>: PostgreSQL is older than the log, or empty; or RabbitMQ was lost.</summary>
public static class RecoverCommand
{
    /// <summary>What the client may hold ahead of a recovery: with less it stops fetching for a second each time it is full.</summary>
    private const int ReadAheadKilobytes = 64 * 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static Command Create(Session session)
    {
        var dry = new Option<bool>("--dry-run") { Description = "Shows the plan and changes nothing." };
        var yes = new Option<bool>("--yes") { Description = "Does what the plan says." };
        var work = new Option<bool>("--work")
        {
            Description = "RabbitMQ was lost: empties the work queues, and has everything done now that a lost command was to do.",
        };
        var lost = new Option<string?>("--take-over-lost-at")
        {
            Description = "Takes over a lost region from this region's copies of its log (setting Kafka__TopicPrefix): when it was surely " +
                "fenced, as 2026-03-01T10:20:00Z. What it may have done after its last copy is set aside for review.",
            HelpName = "TIME",
        };
        var whole = new Option<bool>("--copies-are-whole")
        {
            Description = "With --take-over-lost-at: you have looked, and the mirror ran ever since the backup. Only where recover asks for it: " +
                "MirrorMaker 2 does not tell whether its first copy was its source's first record.",
        };
        var recover = new Command(
            "recover",
            """
            Brings a PostgreSQL that was restored from a backup, or is empty and migrated, up to what Kafka knows; until then
            every writer is fenced. Orders are accepted meanwhile. It can be repeated: what is interrupted is run again.
            """)
        {
            dry, yes, work, lost, whole,
        };
        recover.Takes(OperatorActions.Recover);
        session.Bind(recover, (servers, arguments, cancellation) => arguments.GetValue(work)
            ? WorkAsync(session, servers, arguments.GetValue(dry), cancellation)
            : RunAsync(
                session, servers, arguments.GetValue(dry), arguments.GetValue(yes), TakeOverPlan.TimeOf(session, arguments.GetValue(lost)),
                arguments.GetValue(whole), cancellation));
        return recover;
    }

    private static async Task<int> RunAsync(
        Session session, ShopServers servers, bool dry, bool yes, DateTimeOffset? lostAt, bool areWhole, CancellationToken cancellation)
    {
        await servers.RequireDatabaseAsync(cancellation);
        await servers.RequireLogAsync(cancellation);
        await RequireMigratedAsync(servers, cancellation);
        var fence = await CheckAsync(servers, cancellation);
        var ranges = new KafkaRanges(
            servers.KafkaClient with { MessageTimeout = Patience, Linger = TimeSpan.Zero }, session.Time,
            NullLogger<KafkaRanges>.Instance, ReadAheadKilobytes);
        var planner = new RecoveryPlanner(servers.Database, servers.Log, ranges);
        var takeOver = await TakeOverPlan.MakeAsync(servers, planner, lostAt, areWhole, cancellation);
        var plan = await planner.MakeAsync(cancellation, takeOver);
        if (!fence.IsFenced && (plan.Commit > 0 || plan.Ranges.All(r => r.End == 0)))
        {
            var text =
                $"Nothing to recover: PostgreSQL stands at commit {plan.Commit}, and Kafka names none behind it. Is a fleet fenced " +
                "all the same, a command in RabbitMQ names one: 'shopctl recover --work' settles that.";
            if (yes)
            {
                throw new ShopctlException(ExitCodes.Failed, text);
            }

            session.Screen.Line(text);
            return ExitCodes.Ok;
        }

        RecoverScreen.Show(session.Screen, plan, fence.Reason);
        if (plan.Objections.Count > 0)
        {
            throw new ShopctlException(
                ExitCodes.Failed,
                "The kept log does not reach back far enough, so this database cannot be recovered from it; nothing was changed. " +
                "Restore a newer backup.");
        }

        if (dry || !yes)
        {
            session.Screen.Line(dry ? "Nothing was changed." : "Nothing was changed. Say it again with --yes to do it.");
            return dry ? ExitCodes.Ok : ExitCodes.Usage;
        }

        await RequireQueuesAsync(servers, cancellation);
        // Not how long the topics are: they grow while somebody is asked to approve.
        await using var grant = await session.Operators.RequireAsync(
            OperatorActions.Recover, "PostgreSQL", null, [
                ("commit", plan.Commit.ToString(CultureInfo.InvariantCulture)),
                ("lost-at", lostAt?.ToString("O", CultureInfo.InvariantCulture)),
                ("copies-are-whole", areWhole ? "true" : null),
            ],
            cancellation);
        if (takeOver is not null)
        {
            await TakeOverPlan.KeepAsync(servers, cancellation);
            var handed = await TakeOverPlan.HandOverAsync(servers, planner, cancellation);
            session.Screen.Line(string.Create(
                CultureInfo.InvariantCulture, $"{handed:N0} inputs that were kept here for region {servers.Settings.Region} were handed over."));
            plan = await planner.MakeAsync(cancellation, takeOver);
        }

        var started = session.Time.GetTimestamp();
        var recoverer = new Recoverer(
            servers.Database, servers.Log, ranges, servers.Bus, servers.Settings.Region, session.Time);
        RecoveryReport report;
        try
        {
            report = await recoverer.RunAsync(
                plan,
                async (title, step) =>
                {
                    var from = session.Time.GetTimestamp();
                    var last = string.Empty;
                    await WorkProgress.RunAsync(session.Screen, session.Time, title, report => step((part, text) =>
                    {
                        last = text;
                        report(part, text);
                    }));
                    session.Screen.Note(string.Create(
                        CultureInfo.InvariantCulture, $"{title}: {session.Time.GetElapsedTime(from).TotalSeconds:F1} s. {last}"));
                },
                cancellation);
        }
        catch (RecoveryException e)
        {
            throw new ShopctlException(ExitCodes.Failed, $"{e.Message} The fence is closed as before.", e);
        }

        var elapsed = session.Time.GetElapsedTime(started);
        await grant.DoneAsync(RecoverScreen.Line(plan), RecoverScreen.Line(report), cancellation, report.Orders);
        RecoverScreen.Show(session.Screen, plan, report, elapsed);
        var after = await CheckAsync(servers, cancellation);
        if (after.Reason is { } reason)
        {
            throw new ShopctlException(ExitCodes.Failed, $"It is still fenced: {reason}. Run it again.");
        }

        session.Screen.Line("The fence is open: fleets go on by themselves. Next: 'shopctl audit'.");
        return ExitCodes.Ok;
    }

    private static async Task<int> WorkAsync(
        Session session, ShopServers servers, bool dry, CancellationToken cancellation)
    {
        var fence = await servers.RequireWritableAsync(cancellation);
        if (dry)
        {
            session.Screen.Line(
                $"It would empty {Queues.Work.Count} work queues with their delayed queues, and bring forward every order with a " +
                "command that was sent within the last minute. Nothing was changed.");
            return ExitCodes.Ok;
        }

        await RequireQueuesAsync(servers, cancellation);
        await using var grant = await session.Operators.RequireAsync(
            OperatorActions.RecoverWork, "RabbitMQ", null, [], cancellation);
        var refill = new WorkRefill(servers.Database, fence, servers.Bus, ShopSettings.Default, session.Time, new Random());
        RefillReport? report = null;
        await WorkProgress.RunAsync(
            session.Screen, session.Time, "work", async progress => report = await refill.RunAsync(progress, cancellation));
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"{report!.Purged:N0} commands removed; {report.Payments:N0} payments and {report.Deliveries:N0} deliveries are due now.");
        await grant.DoneAsync(null, text, cancellation, report.Purged);
        session.Screen.Line(text);
        return ExitCodes.Ok;
    }

    private static async Task RequireMigratedAsync(ShopServers servers, CancellationToken cancellation)
    {
        var pending = await Migrations.PendingAsync(servers.Database, typeof(ShopWork).Assembly, cancellation);
        if (pending.Count > 0)
        {
            throw new ShopctlException(
                ExitCodes.Failed,
                $"The database lacks {pending.Count} migrations of this version: run 'shopctl migrate' first, then this again.");
        }
    }

    private static async Task RequireQueuesAsync(ShopServers servers, CancellationToken cancellation)
    {
        try
        {
            await servers.Bus.DeclareAsync(Queues.Work, Queues.Error, cancellation);
        }
        catch (Exception e) when (ShopServers.IsAbsence(e))
        {
            throw new ShopctlException(
                ExitCodes.Unreachable,
                ShopServers.Unreachable("RabbitMQ", servers.Settings.RabbitPlace, ShopctlSettings.RabbitName, e.Message), e);
        }
    }

    private static async Task<RollbackFence> CheckAsync(ShopServers servers, CancellationToken cancellation)
    {
        var fence = new RollbackFence(servers.Log, new PostgresFence(servers.Database, servers.Settings.TopicPrefix), FleetGroups.All, NullLogger<RollbackFence>.Instance);
        await fence.CheckAsync(cancellation);
        return fence;
    }
}
