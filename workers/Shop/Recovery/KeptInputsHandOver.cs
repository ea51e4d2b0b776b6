using System.Text;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Shop.Orders;

namespace CardShop.Shop.Recovery;

/// <summary>
/// What this site kept for the ids of a region that it takes over: appended to that region's own topics, where it is processed.
/// Done again it appends repeats, which change nothing.
/// </summary>
/// <param name="own">This site's topics, without a prefix.</param>
/// <param name="region">Those of the region.</param>
public sealed class KeptInputsHandOver(ILogRanges own, ILog region, string letter)
{
    private const int Page = 1_000;

    private static readonly Topic[] Kept = [Topics.PaymentNotifications, Topics.Orders];

    /// <param name="since">Records from then on; null: all that are kept.</param>
    /// <returns>How many were handed over.</returns>
    public async Task<long> RunAsync(DateTimeOffset? since, CancellationToken cancellation)
    {
        var count = 0L;
        foreach (var topic in Kept)
        {
            var bounds = await own.BoundsAsync(topic, cancellation);
            var starts = since is { } moment
                ? await own.OffsetsAtAsync(topic, moment, cancellation)
                : bounds.ToDictionary(b => b.Key, b => b.Value.First);
            var planned = bounds.Select(b => new PlannedRange(
                b.Key, b.Value.First, Math.Max(b.Value.First, starts.GetValueOrDefault(b.Key)), b.Value.Next));
            await foreach (var records in new RangeSweep(own).ReadAsync(planned, Page, cancellation))
            {
                var theirs = records.Where(IsTheirs).Select(r => new LogRecord(
                    r.Partition.Topic, r.Partition.Partition, Encoding.UTF8.GetBytes(r.Key), r.Value,
                    [new(RecordHeaders.Type, Encoding.UTF8.GetBytes(r.Type ?? string.Empty))])
                { At = r.Timestamp }).ToList();
                if ((await region.ProduceAllAsync(theirs, cancellation)) is [var failure, ..])
                {
                    throw new PlaceException($"What was kept for region {letter} could not be handed over: {failure.Reason}");
                }

                count += theirs.Count;
            }
        }

        return count;
    }

    private bool IsTheirs(LogIncoming record)
    {
        if (record.Partition.Topic == Topics.PaymentNotifications.Name)
        {
            return Regions.OfId(record.Key) == letter;
        }

        try
        {
            return Regions.Of(OrderMessages.Decode(record)) == letter;
        }
        catch (PoisonMessageException)
        {
            return false;
        }
    }
}
