using System.Globalization;
using CardShop.Pipeline.Log;

namespace CardShop.Shop.Recovery;

/// <summary>The first record that a partition of a lost region's copies has.</summary>
/// <param name="Commit">The commit that sent it.</param>
/// <param name="Origin">Its original's offset; null where the mirror did not say: MirrorMaker 2 cannot.</param>
public readonly record struct FirstCopy(long Commit, long? Origin);

/// <summary>Do a lost region's copies have everything that its backup lacks? Pure.</summary>
public static class CopiedHistory
{
    private const long BrokersOwn = 7L * 24 * 3_600 * 1_000;

    /// <param name="offset">The first offset that is kept.</param>
    /// <param name="first">Null: the partition is empty.</param>
    /// <param name="commit">The commit that the backup stands at.</param>
    /// <param name="since">From then on records are needed; null: from the first on, the database is empty.</param>
    /// <returns>Why not, and what to do; null where nothing can be missing.</returns>
    public static string? Objection(
        PartitionKey partition, long offset, FirstCopy? first, long commit, DateTimeOffset? since, TakeOver takeOver)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"{takeOver.Log}{partition.Topic}[{partition.Partition}]");
        if (TooOld(name, offset, since, takeOver) is { } gone)
        {
            return gone;
        }

        // What went by age is in the backup; it was copied before, so the mirror ran by then.
        if (offset > 0 || takeOver.AreWhole || first is not { } copy || copy.Origin == 0 || (commit > 0 && copy.Commit <= commit))
        {
            return null;
        }

        var lost = copy.Origin is { } origin
            ? string.Create(CultureInfo.InvariantCulture, $"trimmed before it was copied (the original's offset is {origin})")
            : "not copied, and MirrorMaker 2 does not say whether";
        return string.Create(
            CultureInfo.InvariantCulture, $"{name} begins with commit {copy.Commit}, the backup stands at {commit}: what was between, if anything, was {lost}. ") +
            "Take a newer backup; or, if the mirror ran ever since the backup (k8s/runbooks/plan-region.md says how to see that), say " +
            "--copies-are-whole.";
    }

    /// <param name="retentions">Of each topic, in milliseconds; -1: for ever; null: as the broker has it, a week as a rule.</param>
    /// <returns>From when on no copy has gone by age; null: none goes.</returns>
    public static DateTimeOffset? Aged(IEnumerable<string?> retentions, DateTimeOffset now)
    {
        var ages = retentions.Select(r => r is null ? BrokersOwn : long.TryParse(r, NumberStyles.Integer, CultureInfo.InvariantCulture, out var ms) ? ms : 0)
            .Where(ms => ms >= 0).ToList();
        return ages.Count == 0 ? null : now - TimeSpan.FromMilliseconds(Math.Min(ages.Min(), now.ToUnixTimeMilliseconds()));
    }

    /// <summary>The same of inputs, which carry no commit: nothing may have gone by age that is needed.</summary>
    public static string? TooOld(string name, long offset, DateTimeOffset? since, TakeOver takeOver) =>
        offset == 0 ? null
        : since is null
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"{name} is kept from offset {offset} on, and the database is empty: restore the region's backup first.")
        : since < takeOver.Aged
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"{name} is kept from offset {offset} on: copies from before {takeOver.Aged.Value.UtcDateTime:yyyy-MM-dd} may have gone by age, and " +
                $"records since {since.Value.UtcDateTime:yyyy-MM-dd} are needed. Take a newer backup.")
        : null;
}
