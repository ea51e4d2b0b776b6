using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Shop.Statistics;
using Npgsql;

namespace CardShop.Shop.Housekeeping;

/// <summary>What one round came to.</summary>
/// <param name="Refusal">Why nothing was trimmed; null where that was looked into.</param>
/// <param name="IsOver">Nothing was left to do; otherwise another round goes on.</param>
public sealed record HousekeepingReport(
    long Trimmed, string? Refusal, int Seen, int Archived, IReadOnlyDictionary<string, int> Cleaned, bool IsOver);

/// <summary>One round of everything: trimming, a step of archiving, cleaning up, counting days. Each is bounded.</summary>
public sealed class Housekeeper(
    NpgsqlDataSource database, ILogRanges ranges, KafkaTopicCare care, RollbackFence fence, HousekeepingOptions options,
    RollUp statistics, TimeProvider time)
{
    /// <summary>One at a time keeps house: the advisory lock that a caller of a round holds.</summary>
    public const long LockId = 0x63617264_686f7573;

    /// <summary>For days of the statistics, in one round.</summary>
    private static readonly TimeSpan Counting = TimeSpan.FromSeconds(20);

    private readonly CleanUp _cleanUp = new(database, ranges, options, time);

    public LogTrimmer Trimmer { get; } = new(database, ranges, care, options, time);

    /// <summary>Null where no folder is set.</summary>
    public Archiver? Archiver { get; } =
        options.ArchiveDirectory is { } folder ? new(database, new(folder), fence, options, statistics, time) : null;

    /// <summary>The caller holds the lock.</summary>
    /// <exception cref="FencedException">PostgreSQL is older than Kafka.</exception>
    public async Task<HousekeepingReport> RoundAsync(CancellationToken cancellation)
    {
        if (!await fence.ProbeAsync(cancellation))
        {
            throw new FencedException(fence.Reason ?? "PostgreSQL is being compared with the log");
        }

        var plan = await Trimmer.PlanAsync(cancellation);
        var trimmed = await Trimmer.DoAsync(plan, cancellation);
        var step = Archiver is { } archiver ? await archiver.StepAsync(cancellation) : default;
        var cleaned = await _cleanUp.RunAsync(cancellation);
        await statistics.TickAsync(Counting, cancellation);
        return new(
            trimmed, plan.Refusal, step.Seen, step.Archived, cleaned,
            plan.Steps.Count == 0 && step.Seen == 0 && cleaned.Count == 0);
    }
}
