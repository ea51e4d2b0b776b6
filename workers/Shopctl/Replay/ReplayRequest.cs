using System.Globalization;
using CardShop.Pipeline.Log;
using CardShop.Shop.Replay;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using Npgsql;

namespace CardShop.Shopctl.Replay;

/// <summary>What an operator asked for.</summary>
/// <param name="Rate">Records a second.</param>
/// <param name="PlanRecords">Records that the plan looks into; it extrapolates beyond.</param>
internal sealed record ReplayRequest(
    ReplayTopic Topic, string From, string To, ReplayFilter Filter, int Rate, bool DryRun, int PlanRecords)
{
    public const int DefaultRate = 5_000;

    /// <summary>The same text for the same wish: a repeat of the command goes on with the replay that it began.</summary>
    public string Asked => string.Create(
        CultureInfo.InvariantCulture,
        $"{Topic.Topic.Name} from {From} to {To}{(Filter.Sku is { } s ? " sku " + s : "")}{(Filter.OrderId is { } o ? " order " + o : "")}");

    /// <summary>Checks what the words alone can tell; exit code 2 says what is wrong.</summary>
    public static ReplayRequest Of(
        string topic, string? from, string? to, string? sku, string? orderId, int rate, bool dryRun, int planRecords)
    {
        var known = ReplayTopic.Find(topic) ?? throw Usage(ReplayTopic.InsteadOf(topic));
        var (first, last) = (Place(from, "--from"), Place(to ?? "end", "--to"));
        if (first.Offset > last.Offset || first.Moment > last.Moment)
        {
            throw Usage("--from lies behind --to.");
        }

        if (sku is not null && !known.BySku)
        {
            throw Usage($"Records of {topic} do not name their product: say --order.");
        }

        if (orderId is not null && !known.ByOrder)
        {
            throw Usage($"Records of {topic} belong to no order: say --sku.");
        }

        return new(known, from!, to ?? "end", new(sku, orderId), rate, dryRun, planRecords);
    }

    /// <summary>Which records that means now.</summary>
    public async Task<ReplayRange> ResolveAsync(ShopServers servers, CancellationToken cancellation)
    {
        var ranges = servers.Ranges;
        var bounds = await ranges.BoundsAsync(Topic.Topic, cancellation);
        var progress = await ProgressAsync(servers.Database, cancellation);
        return ReplayRange.Of(
            await OffsetsAsync(Place(From, "--from"), bounds, ranges, cancellation),
            await OffsetsAsync(Place(To, "--to"), bounds, ranges, cancellation),
            bounds, progress, Topic.PartitionsOf(Filter.Sku ?? await SkuAsync(servers, cancellation), Filter.OrderId));
    }

    private async Task<IReadOnlyDictionary<PartitionKey, long>> OffsetsAsync(
        ReplayPlace place, IReadOnlyDictionary<PartitionKey, (long First, long Next)> bounds, ILogRanges ranges,
        CancellationToken cancellation) =>
        place.Moment is { } moment
            ? await ranges.OffsetsAtAsync(Topic.Topic, moment, cancellation)
            : bounds.ToDictionary(b => b.Key, b => place.Offset ?? b.Value.Next);

    private async Task<IReadOnlyDictionary<PartitionKey, long>> ProgressAsync(
        NpgsqlDataSource database, CancellationToken cancellation)
    {
        var all = await Lag.ProgressTable.ReadAsync(database, cancellation);
        return all.Where(p => p.Key.Group == Topic.Group).ToDictionary(p => p.Key.Partition, p => p.Value);
    }

    /// <summary>An order's product names its partition; without a document all are read.</summary>
    private async Task<string?> SkuAsync(ShopServers servers, CancellationToken cancellation) =>
        Filter.OrderId is { } id && !Topic.KeyedByOrder
            ? (await Shop.Store.ReviewQueries.FindAsync(servers.Database, id, cancellation))?.Order?.Sku
            : null;

    private static ReplayPlace Place(string? text, string option) =>
        text is null ? throw Usage($"{option} is missing: {ReplayPlace.Forms}.")
        : ReplayPlace.Parse(text) ?? throw Usage($"{option} {text} is neither: {ReplayPlace.Forms}.");

    private static ShopctlException Usage(string text) => new(ExitCodes.Usage, text);
}
