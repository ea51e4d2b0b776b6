using CardShop.Contracts;
using CardShop.Pipeline.Bus;
using CardShop.Pipeline.Documents;
using CardShop.Pipeline.Log;
using CardShop.Shop.Orders;
using CardShop.Shop.Statistics;
using CardShop.Shop.Store;
using Npgsql;
using NpgsqlTypes;

namespace CardShop.Shop.Recovery;

/// <summary>Runs one part of a recovery under a title, and is told how far it is: 0 to 1, and a text.</summary>
public delegate Task RunPhase(string title, Func<Action<double, string>, Task> work);

/// <summary>
/// Brings a database that is older than the log up to it. The fence stays closed until the last transaction, which moves
/// progress and commit number past every witness. Every part can be repeated: what is killed half-way is run again.
/// </summary>
/// <param name="region">This region: that of products that have no keys yet; what is kept for another one is passed over.</param>
public sealed class Recoverer(
    NpgsqlDataSource database, ILog log, ILogRanges ranges, IBus bus, string region, TimeProvider time)
{
    private const long LockId = 0x63617264_72656376;

    /// <summary>
    /// Rows without records leave their commit number with RabbitMQ alone, where consumers may hold it. So many transactions
    /// lay between the last record and the loss at most.
    /// </summary>
    internal const long CommitGap = 1_000_000;

    private static readonly string[] PaymentChannels = ["alipay", "wechat", "unionpay"];

    private readonly RangeSweep _sweep = new(ranges);

    /// <exception cref="RecoveryException">It cannot be done; the fence is as it was.</exception>
    public async Task<RecoveryReport> RunAsync(RecoveryPlan plan, RunPhase phase, CancellationToken cancellation)
    {
        if (plan.Objections.Count > 0)
        {
            throw new RecoveryException("The log does not reach back far enough: " + string.Join(' ', plan.Objections));
        }

        await using var held = await AdvisoryLock.TryTakeAsync(database, LockId, cancellation)
            ?? throw new RecoveryException("Another recovery is running.");
        return await RunLockedAsync(held.Connection, plan, phase, cancellation);
    }

    private async Task<RecoveryReport> RunLockedAsync(
        NpgsqlConnection connection, RecoveryPlan plan, RunPhase phase, CancellationToken cancellation)
    {
        var report = new RecoveryReport();
        await BeginAsync(connection, plan, cancellation);
        await phase("catalog and partners", p => new CatalogRecovery(database, _sweep, region, report).RunAsync(plan, p, cancellation));
        var keys = new KeyRecovery(database, _sweep, report);
        await phase("key imports", p => keys.ImportAsync(plan, p, cancellation));
        var intake = new LogIntake(database, _sweep, region, report);
        await phase("reading the log", p => intake.RunAsync(plan, p, cancellation));
        report.CommitAfter = Math.Max(Math.Max(plan.Commit, plan.Named), intake.HighestCommit) + CommitGap;
        var settings = await SettingsAsync(cancellation);
        await phase("orders", p => new OrderRecovery(database, settings, report.CommitAfter, time, report).RunAsync(p, cancellation));
        await keys.MoveAsync(report.CommitAfter, cancellation);
        if (plan.TakeOver is { } takeOver)
        {
            await phase("what the lost region may have done", p => new LagRecovery(
                database, ranges, takeOver, report.CommitAfter, time, report).RunAsync(p, cancellation));
        }

        var stock = new StockRecovery(database, time, report);
        await phase("stock and voids", async p => await keys.VoidAsync(await stock.ShareAsync(p, cancellation), p, cancellation));
        await phase("orders to be asked about", p => new DueRecovery(database, time, report).RunAsync(p, cancellation));
        await phase("webhooks and mails", p => new PartnerRecovery(database, _sweep, time, report).RunAsync(plan, p, cancellation));
        await phase("opening the fence", async p =>
        {
            await RequireQuietAsync(plan, cancellation);
            await bus.DeclareAsync(Queues.Work, Queues.Error, cancellation);
            report.CommandsPurged = await bus.PurgeAsync(Queues.Work, cancellation);
            p(0.5, "counting stock");
            await FinishAsync(connection, plan, report, cancellation);
        });
        return report;
    }

    /// <summary>Notes where it began, unless an interrupted run has done so.</summary>
    private async Task BeginAsync(NpgsqlConnection connection, RecoveryPlan plan, CancellationToken cancellation)
    {
        await using var note = new NpgsqlCommand(
            """
            INSERT INTO shop.recovery AS r (commit_no, since, started_at) VALUES ($1, $2, $3)
            ON CONFLICT (one) DO UPDATE
            SET commit_no = excluded.commit_no, since = excluded.since, started_at = excluded.started_at
            WHERE r.commit_no <> excluded.commit_no
            """,
            connection)
        {
            Parameters =
            {
                new() { Value = plan.Commit },
                new()
                {
                    Value = (object?)plan.Since?.ToUniversalTime() ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz,
                },
                new() { Value = time.GetUtcNow() },
            },
        };
        await note.ExecuteNonQueryAsync(cancellation);
        await RecordTable.ClearAsync(connection, cancellation);
    }

    /// <summary>
    /// New attempts are opened for the few orders alone that were being processed at the moment of the loss: by the
    /// merchant profiles that the latest attempts of each channel had.
    /// </summary>
    private async Task<ShopSettings> SettingsAsync(CancellationToken cancellation)
    {
        var profiles = PaymentChannels.ToDictionary(c => c, _ => (IReadOnlyList<string>)[ShopSettings.Default.Profile]);
        foreach (var record in await log.TailAsync(Topics.SagaFacts, 20, cancellation))
        {
            if (record.Value is { } body
                && System.Text.Json.JsonSerializer.Deserialize(body, ContractsJson.Default.PaymentSaga) is { } saga)
            {
                foreach (var attempt in saga.Attempts)
                {
                    profiles[attempt.Channel] = [attempt.Profile];
                }
            }
        }

        return ShopSettings.Default with { Channels = profiles };
    }

    /// <summary>While the fence is closed nobody sends facts; who does had them in hand when the database was lost.</summary>
    private async Task RequireQuietAsync(RecoveryPlan plan, CancellationToken cancellation)
    {
        foreach (var topic in new[] { Topics.SagaFacts, Topics.Deliveries })
        {
            var ends = await log.EndsAsync([topic], cancellation);
            if (plan.Of(topic).Any(r => ends.GetValueOrDefault(r.Partition) > r.End))
            {
                throw new RecoveryException(
                    $"{topic.Name} has grown meanwhile: a process was still sending what it had in hand. " +
                    "Run it again, it takes that in; nothing is done twice.");
            }
        }
    }

    private static async Task FinishAsync(
        NpgsqlConnection connection, RecoveryPlan plan, RecoveryReport report, CancellationToken cancellation)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using (var scan = new NpgsqlCommand("SET LOCAL enable_seqscan = on", connection, transaction))
        {
            await scan.ExecuteNonQueryAsync(cancellation);
        }

        report.StockRows = await StockRecovery.RecountAsync(connection, transaction, cancellation);
        var progress = Progress(plan);
        if (plan.TakeOver is { } takeOver)
        {
            await MoveInAsync(connection, transaction, takeOver, cancellation);
        }

        await using var batch = new NpgsqlBatch(connection, transaction)
        {
            BatchCommands =
            {
                new(
                    """
                    INSERT INTO shop.progress AS p (grp, topic, partition, next_offset)
                    SELECT grp, topic, partition, next_offset FROM unnest($1, $2, $3, $4) AS t(grp, topic, partition, next_offset)
                    ON CONFLICT (grp, topic, partition) DO UPDATE
                    SET next_offset = GREATEST(p.next_offset, excluded.next_offset)
                    """)
                {
                    Parameters =
                    {
                        Array(progress, p => p.Group, NpgsqlDbType.Text), Array(progress, p => p.Partition.Topic, NpgsqlDbType.Text),
                        Array(progress, p => p.Partition.Partition, NpgsqlDbType.Integer),
                        Array(progress, p => p.Next, NpgsqlDbType.Bigint),
                    },
                },
                new("UPDATE shop.commit_no SET n = GREATEST(n, $1)") { Parameters = { new() { Value = report.CommitAfter } } },
                new("DELETE FROM shop.recovery"),
                RollUp.Forget(),
                new("TRUNCATE shop.recovery_records"),
            },
        };
        await batch.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
    }

    /// <summary>
    /// From now on the database belongs to the copies: what it knew of the lost log's positions is void, also those that backups
    /// keep; what other processes follow without the database is published there.
    /// </summary>
    private static async Task MoveInAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, TakeOver takeOver, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection, transaction)
        {
            BatchCommands =
            {
                new("DELETE FROM shop.progress"),
                new("DELETE FROM shop.replays"),
                // These begin anew, from the time that was asked for.
                new("UPDATE shop.webhook_replays SET positions = NULL, ends = NULL"),
                new("DELETE FROM shop.backups"),
                new("UPDATE shop.mt_doc_product SET published = 0"),
                new("UPDATE shop.mt_doc_partner SET published = 0"),
                new("UPDATE shop.commit_no SET log = $1") { Parameters = { new() { Value = takeOver.Log } } },
            },
        };
        await batch.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>
    /// Behind what was taken in, and never below what Kafka says. Orders and events are taken in as far as the fleets had
    /// come; notifications and keys to the end of the plan.
    /// </summary>
    internal static List<(string Group, PartitionKey Partition, long Next)> Progress(RecoveryPlan plan)
    {
        var progress = new List<(string Group, PartitionKey Partition, long Next)>();
        foreach (var group in FleetGroups.All)
        {
            foreach (var range in group.Topics.SelectMany(plan.Of))
            {
                var isWhole = range.Partition.Topic == Topics.PaymentNotifications.Name
                    || range.Partition.Topic == Topics.KeyBatches.Name;
                progress.Add((
                    group.Name, range.Partition,
                    Math.Max(
                        isWhole ? range.End : range.From, plan.Committed.GetValueOrDefault((group.Name, range.Partition)))));
            }
        }

        return progress;
    }

    private static NpgsqlParameter Array<T>(
        List<(string Group, PartitionKey Partition, long Next)> progress,
        Func<(string Group, PartitionKey Partition, long Next), T> value, NpgsqlDbType type) =>
        new() { Value = progress.Select(value).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | type };
}
