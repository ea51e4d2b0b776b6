using System.Globalization;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Bus;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;
using CardShop.Shop.Stock;
using CardShop.Shop.Store;
using Npgsql;
using NpgsqlTypes;

namespace CardShop.Shop.Recovery;

/// <param name="Purged">Commands that were removed.</param>
/// <param name="Payments">Orders whose provider is asked now.</param>
/// <param name="Deliveries">Orders that are delivered now.</param>
public sealed record RefillReport(long Purged, long Payments, long Deliveries);

/// <summary>
/// RabbitMQ was lost, or holds what nobody wants: the queues are emptied, and whatever a lost command was to do is due now
/// instead of at its ordinary time. A command that is sent sets its step's time to <see cref="ShopSettings.ResendAfter"/>
/// from then, so a step with a time beyond that has no command under way. Safe at any time: steps are repeatable.
/// </summary>
public sealed class WorkRefill(
    NpgsqlDataSource database, RollbackFence fence, IBus bus, ShopSettings settings, TimeProvider time, Random random)
{
    private const int Page = 500;
    private const int MaxReruns = 3;

    /// <summary>Longer than PostgreSQL lets a fleet that stopped in its transaction hold rows, and than a failover takes.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public async Task<RefillReport> RunAsync(Action<double, string> progress, CancellationToken cancellation)
    {
        await bus.DeclareAsync(Queues.Work, Queues.Error, cancellation);
        var purged = await bus.PurgeAsync(Queues.Work, cancellation);
        var now = time.GetUtcNow();
        var payments = await EachAsync("paymentsaga", now, n => progress(0.3, Text(n, "payments")), cancellation);
        var deliveries = await EachAsync("deliverysaga", now, n => progress(0.8, Text(n, "deliveries")), cancellation);
        await PatientlyAsync(() => RaiseAsync(cancellation), cancellation);
        return new(purged, payments, deliveries);
    }

    /// <summary>Steps whose command may be lost come first: those due within the time of a repeat. The same where there is none.</summary>
    public static PaymentSaga Hastened(PaymentSaga saga, DateTimeOffset now, TimeSpan within)
    {
        bool IsUnderWay(DateTimeOffset? at) => at > now && at <= now + within;
        if (!saga.Attempts.Any(a => IsUnderWay(a.NextAt)) && saga.Claims?.Any(c => IsUnderWay(c.NextAt)) != true
            && !saga.Payments.Any(p => p.Refunds?.Any(r => IsUnderWay(r.NextAt)) == true))
        {
            return saga;
        }

        return Schedule.Dated(saga with
        {
            Attempts = [.. saga.Attempts.Select(a => IsUnderWay(a.NextAt) ? a with { NextAt = now } : a)],
            Payments =
            [
                .. saga.Payments.Select(p => p.Refunds is { } refunds
                    ? p with { Refunds = [.. refunds.Select(r => IsUnderWay(r.NextAt) ? r with { NextAt = now } : r)] }
                    : p),
            ],
            Claims = saga.Claims is { } claims
                ? [.. claims.Select(c => IsUnderWay(c.NextAt) ? c with { NextAt = now } : c)]
                : null,
            Version = saga.Version + 1,
        });
    }

    private static string Text(long count, string what) =>
        string.Create(CultureInfo.InvariantCulture, $"{count:N0} {what} brought forward");

    /// <summary>
    /// A command that is still in a consumer's hand may name a commit that a lost database had and that no record names:
    /// the log proves no loss then, nothing is to be recovered, and yet that consumer's fence is closed.
    /// </summary>
    private async Task<int> RaiseAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("UPDATE shop.commit_no SET n = n + $1");
        command.Parameters.Add(new() { Value = Recoverer.CommitGap });
        return await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Repeats an idempotent step while the place fails, and no longer than <see cref="Patience"/>.</summary>
    private async Task<int> PatientlyAsync(Func<Task<int>> step, CancellationToken cancellation)
    {
        var backoff = new Backoff(time, random, TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(5));
        var started = time.GetTimestamp();
        while (true)
        {
            try
            {
                return await step();
            }
            catch (Exception e) when (
                Failures.IsPlace(e) && e is not FencedException && time.GetElapsedTime(started) < Patience
                && !cancellation.IsCancellationRequested)
            {
                await backoff.WaitAsync(cancellation);
            }
        }
    }

    private async Task<long> EachAsync(string table, DateTimeOffset now, Action<long> report, CancellationToken cancellation)
    {
        var changed = 0L;
        var after = string.Empty;
        while (true)
        {
            var ids = await DueAsync(table, after, now, cancellation);
            if (ids.Count == 0)
            {
                return changed;
            }

            after = ids[^1];
            changed += await PatientlyAsync(() => PageAsync(ids, now, cancellation), cancellation);
            report(changed);
        }
    }

    private async Task<List<string>> DueAsync(string table, string after, DateTimeOffset now, CancellationToken cancellation)
    {
#pragma warning disable CA2100 // One of two names above.
        await using var command = database.CreateCommand(
            $"SELECT id FROM shop.mt_doc_{table} WHERE due > $1 AND due <= $2 AND id > $3 ORDER BY id LIMIT $4");
#pragma warning restore CA2100
        command.CommandTimeout = 0;
        command.Parameters.Add(new() { Value = now.ToUniversalTime() });
        command.Parameters.Add(new() { Value = (now + settings.ResendAfter).ToUniversalTime() });
        command.Parameters.Add(new() { Value = after, NpgsqlDbType = NpgsqlDbType.Varchar });
        command.Parameters.Add(new() { Value = (long)Page });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var ids = new List<string>();
        while (await reader.ReadAsync(cancellation))
        {
            ids.Add(reader.GetString(0));
        }

        return ids;
    }

    private async Task<int> PageAsync(List<string> ids, DateTimeOffset now, CancellationToken cancellation)
    {
        for (var reruns = 0; ; reruns++)
        {
            try
            {
                return await TryPageAsync(ids, now, cancellation);
            }
            catch (ConflictException) when (reruns < MaxReruns)
            {
                // A fleet was faster: once more, with fresh state.
            }
        }
    }

    private async Task<int> TryPageAsync(List<string> ids, DateTimeOffset now, CancellationToken cancellation)
    {
        await using var transaction = await new PostgresShopStore(database).BeginAsync(cancellation);
        var loaded = await transaction.LoadAsync(new(string.Empty, [], ids, Deliveries: true), cancellation);
        fence.Require(string.Empty, loaded.Opening, 0);
        var payments = new List<Changed<PaymentSaga>>();
        foreach (var saga in loaded.Payments.Values)
        {
            var hastened = Hastened(saga, now, settings.ResendAfter);
            if (!ReferenceEquals(hastened, saga))
            {
                payments.Add(new(hastened, saga.Version));
            }
        }

        var deliveries = loaded.Deliveries.Values
            .Where(d => d is { Status: DeliveryStatus.Allocating } && d.Due > now && d.Due <= now + settings.ResendAfter)
            .Select(d => new Changed<DeliverySaga>(d with { Due = now, Version = d.Version + 1 }, d.Version)).ToList();
        if (payments.Count + deliveries.Count == 0)
        {
            return 0;
        }

        await transaction.SaveAsync(
            new(
                string.Empty, loaded.Opening, payments, deliveries, [], new Dictionary<StockKey, StockDelta>(), [], [], [],
                loaded.Waits, now),
            cancellation);
        return payments.Count + deliveries.Count;
    }
}
