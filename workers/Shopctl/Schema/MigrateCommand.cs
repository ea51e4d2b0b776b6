using System.CommandLine;
using System.Globalization;
using CardShop.Contracts;
using CardShop.Pipeline.Documents;
using CardShop.Shop.Operators;
using CardShop.Shop.Store;
using CardShop.Shopctl.Operators;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;
using Microsoft.Extensions.Logging.Abstractions;

namespace CardShop.Shopctl.Schema;

/// <summary><c>shopctl migrate</c>: tables, topics and queues, as this version needs them. Repeats are no-ops.</summary>
public static class MigrateCommand
{
    private const int LongestWait = 600;
    private static readonly TimeSpan Attempt = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    public static Command Create(Session session)
    {
        var wait = new Option<int>("--wait-seconds")
        {
            Description = "How long to wait for servers that are starting, 0 to 600 (0: an absent one is said at once).",
            HelpName = "N",
        };
        var migrate = new Command(
            "migrate",
            "Creates or updates tables, topics and queues. May be repeated. An installation without operators needs no key.")
        {
            wait,
        };
        migrate.Takes(OperatorActions.Migrate);
        session.Bind(migrate, (servers, arguments, cancellation) => arguments.GetValue(wait) is >= 0 and <= LongestWait and var n
            ? RunAsync(session, servers, TimeSpan.FromSeconds(n), cancellation)
            : throw new ShopctlException(ExitCodes.Usage, "--wait-seconds must be 0 to 600."));
        return migrate;
    }

    private static async Task<int> RunAsync(
        Session session, ShopServers servers, TimeSpan patience, CancellationToken cancellation)
    {
        var settings = servers.Settings;
        var replication = settings.Replication;
        await using var grant = await OpenAuditAsync(session, servers, patience, cancellation);
        await WaitAsync(
            session, patience, "PostgreSQL", settings.PostgresPlace, ShopctlSettings.PostgresName,
            servers.RequireDatabaseAsync, cancellation);
        var applied = await Migrations.ApplyAsync(
            servers.Database, typeof(ShopWork).Assembly, NullLogger.Instance, cancellation);
        session.Screen.Line(applied.Count == 0
            ? "PostgreSQL: tables are up to date."
            : $"PostgreSQL: applied {string.Join(", ", applied.Select(ShortName))}.");

        await WaitAsync(
            session, patience, "Kafka", settings.Kafka, ShopctlSettings.KafkaName,
            stop => servers.Log.CreateTopicsAsync(Topics.All, replication, stop).WaitAsync(Attempt, servers.Time, stop),
            cancellation);
        session.Screen.Line($"Kafka: all {Topics.All.Count} topics are there.");

        await WaitAsync(
            session, patience, "RabbitMQ", settings.RabbitPlace, ShopctlSettings.RabbitName,
            stop => servers.Bus.DeclareAsync(Queues.Work, Queues.Error, stop).WaitAsync(Pause + Attempt, servers.Time, stop),
            cancellation);
        if (grant is not null)
        {
            await grant.DoneAsync(null, string.Join(' ', applied.Select(ShortName)), cancellation);
        }

        session.Screen.Line($"RabbitMQ: {Queues.Work.Count} work queues, their delayed queues and '{Queues.Error}' are there.");
        return ExitCodes.Ok;
    }

    /// <summary>
    /// Where there are operators, one of them must be who migrates, and the audit must know before anything else is done: its
    /// topic is made first. Null on an installation that has none yet.
    /// </summary>
    private static async Task<OperatorGrant?> OpenAuditAsync(
        Session session, ShopServers servers, TimeSpan patience, CancellationToken cancellation)
    {
        if (!session.Operators.Exist)
        {
            session.Screen.Note("There is no operator yet: 'shopctl operators add NAME admin FILE' makes the first.");
            return null;
        }

        await WaitAsync(
            session, patience, "Kafka", servers.Settings.Kafka, ShopctlSettings.KafkaName,
            stop => servers.Log.CreateTopicsAsync([Topics.Audit], servers.Settings.Replication, stop)
                .WaitAsync(Attempt, servers.Time, stop),
            cancellation);
        return await session.Operators.RequireAsync(OperatorActions.Migrate, "tables, topics, queues", null, [], cancellation);
    }

    /// <summary>Tries a step until its server answers, at least once.</summary>
    private static async Task WaitAsync(
        Session session, TimeSpan patience, string server, string place, string setting, Func<CancellationToken, Task> step,
        CancellationToken cancellation)
    {
        var started = session.Time.GetTimestamp();
        for (var first = true; ; first = false)
        {
            try
            {
                await step(cancellation);
                return;
            }
            catch (Exception e) when (
                e is ShopctlException { ExitCode: ExitCodes.Unreachable } || ShopServers.IsAbsence(e))
            {
                if (session.Time.GetElapsedTime(started) >= patience)
                {
                    throw new ShopctlException(
                        ExitCodes.Unreachable,
                        e is ShopctlException ? e.Message : ShopServers.Unreachable(server, place, setting, e.Message), e);
                }

                if (first)
                {
                    session.Screen.Note(string.Create(
                        CultureInfo.InvariantCulture,
                        $"Waiting up to {patience.TotalSeconds} s for {server} at {place} ({setting}) …"));
                }

                await Task.Delay(Pause, session.Time, cancellation);
            }
        }
    }

    private static string ShortName(string resource) =>
        resource.Split('.') is [.., var name, "sql"] ? name : resource;
}
