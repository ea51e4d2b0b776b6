using System.Globalization;
using CardShop.Contracts;
using CardShop.Pipeline.Log;
using CardShop.Shop.Recovery;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace CardShop.Shopctl.Recover;

/// <summary>What a recovery needs to know before it takes a lost region over.</summary>
internal static class TakeOverPlan
{
    /// <exception cref="ShopctlException">It is no time, or one to come.</exception>
    public static DateTimeOffset? TimeOf(Session session, string? text) =>
        text is null ? null
        : DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            && time <= session.Time.GetUtcNow()
            ? time
            : throw new ShopctlException(ExitCodes.Usage, "--take-over-lost-at takes a time that has passed, as 2026-03-01T10:20:00Z.");

    /// <returns>Null where nothing is taken over.</returns>
    /// <exception cref="ShopctlException">Settings, database and what was said do not fit.</exception>
    public static async Task<TakeOver?> MakeAsync(
        ShopServers servers, RecoveryPlanner planner, DateTimeOffset? lostAt, bool areWhole, CancellationToken cancellation)
    {
        var prefix = servers.Settings.TopicPrefix;
        var own = await LogOfAsync(servers.Database, cancellation);
        if (lostAt is null)
        {
            if (areWhole)
            {
                throw new ShopctlException(ExitCodes.Usage, "--copies-are-whole goes with --take-over-lost-at alone.");
            }

            return own == prefix
                ? null
                : throw new ShopctlException(
                    ExitCodes.Usage,
                    $"The database's positions are of the topics '{own}shop.*', here are '{prefix}shop.*'. To take its region over from " +
                    "these, say when it was surely fenced: --take-over-lost-at TIME.");
        }

        if (prefix.Length == 0)
        {
            throw new ShopctlException(
                ExitCodes.Usage,
                "Setting Kafka__TopicPrefix is missing: it holds the lost region's name and a dot, as its copies' topics begin here.");
        }

        if (own == prefix)
        {
            throw new ShopctlException(
                ExitCodes.Failed, $"This database is of '{prefix}shop.*' already: its region was taken over. 'shopctl recover' alone recovers it.");
        }

        var copied = await planner.CopiedToAsync(cancellation)
            ?? throw new ShopctlException(ExitCodes.Failed, $"No topic '{prefix}shop.*' has a copy: the region was not mirrored here.");
        return lostAt < copied
            ? throw new ShopctlException(
                ExitCodes.Usage,
                $"The newest copy is of {copied.UtcDateTime:O}: the region was still at work then, after --take-over-lost-at {lostAt.Value.UtcDateTime:O}.")
            : new(prefix, copied, lostAt.Value) { AreWhole = areWhole, Aged = await AgedAsync(servers, cancellation) };
    }

    /// <summary>From now on the copies are the region's own topics: nothing of them goes by age any more, housekeeping trims them.</summary>
    public static async Task KeepAsync(ShopServers servers, CancellationToken cancellation)
    {
        using var care = new KafkaTopicCare(servers.KafkaClient);
        await care.KeepAsync([.. Topics.All.Where(t => !t.Compacted)], cancellation);
    }

    /// <summary>From when on no copy has gone by age; null: none goes.</summary>
    private static async Task<DateTimeOffset?> AgedAsync(ShopServers servers, CancellationToken cancellation)
    {
        using var care = new KafkaTopicCare(servers.KafkaClient);
        var settings = await care.ConfigsAsync([.. Topics.Mirrored.Where(t => !t.Compacted)], cancellation);
        return CopiedHistory.Aged(settings.Values.Select(s => s.GetValueOrDefault("retention.ms")), servers.Time.GetUtcNow());
    }

    /// <summary>What this site kept for the region goes to the region's own topics.</summary>
    public static async Task<long> HandOverAsync(ShopServers servers, RecoveryPlanner planner, CancellationToken cancellation)
    {
        var ranges = new KafkaRanges(
            servers.KafkaClient with { TopicPrefix = string.Empty }, servers.Time, NullLogger<KafkaRanges>.Instance);
        return await new KeptInputsHandOver(ranges, servers.Log, servers.Settings.Region).RunAsync(
            await planner.SinceAsync(cancellation), cancellation);
    }

    private static async Task<string> LogOfAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("SELECT log FROM shop.commit_no");
        return (string)(await command.ExecuteScalarAsync(cancellation))!;
    }
}
