using System.Text;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;

namespace CardShop.Shop.Operators;

/// <summary>An entry and where it stands.</summary>
public sealed record AuditRecord(AuditEntry Entry, int Partition, long Offset);

/// <summary>shop.audit.v1: written before the deed, so that no deed is without its entry, and read for approvals.</summary>
public sealed class AuditTrail(ILog log, ILogRanges ranges, TimeProvider time)
{
    /// <summary>More entries than operators write in a day; who writes more is no operator.</summary>
    public const int MostEntries = 100_000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan OneRead = TimeSpan.FromSeconds(5);

    /// <summary>Returns when the entry is durable. Throws <see cref="PlaceException"/> if it is not.</summary>
    public Task WriteAsync(AuditEntry entry, CancellationToken cancellation) => log.ProduceAsync(
        new(
            Topics.Audit.Name, Topics.Audit.PartitionOf(entry.Operator), Encoding.UTF8.GetBytes(entry.Operator),
            JsonSerializer.SerializeToUtf8Bytes(entry, ContractsJson.Default.AuditEntry),
            [new(RecordHeaders.Type, Encoding.UTF8.GetBytes(MessageTypes.AuditEntry))]),
        cancellation);

    /// <summary>
    /// Every entry since a moment that is there now, in no order but that of each partition. Throws
    /// <see cref="PlaceException"/> where not all could be read: half of it may lack a rejection.
    /// </summary>
    public async Task<IReadOnlyList<AuditRecord>> SinceAsync(DateTimeOffset moment, CancellationToken cancellation)
    {
        var started = time.GetTimestamp();
        var bounds = await ranges.BoundsAsync(Topics.Audit, cancellation);
        var positions = (await ranges.OffsetsAtAsync(Topics.Audit, moment, cancellation))
            .ToDictionary(p => p.Key, p => Math.Max(p.Value, bounds[p.Key].First));
        if (positions.Sum(p => Math.Max(0, bounds[p.Key].Next - p.Value)) > MostEntries)
        {
            throw new PlaceException($"{Topics.Audit.Name} has more than {MostEntries} entries since {moment:O}");
        }

        var read = new List<AuditRecord>();
        while (Unread(positions, bounds) is { Count: > 0 } unread)
        {
            if (time.GetElapsedTime(started) > Patience)
            {
                throw new PlaceException($"{Topics.Audit.Name} could not be read to its end within {Patience.TotalSeconds} s");
            }

            foreach (var record in await ranges.ReadAsync(unread, MostEntries, OneRead, cancellation))
            {
                positions[record.Partition] = record.Offset + 1;
                if (EntryOf(record) is { } entry)
                {
                    read.Add(new(entry, record.Partition.Partition, record.Offset));
                }
            }
        }

        return read;
    }

    /// <summary>A part of the trail, from a moment or a place on.</summary>
    /// <param name="after">The places of an earlier page, one per partition; null = from the moment on.</param>
    /// <param name="limit">At most so many entries.</param>
    /// <returns>Entries in the order of time within the page, and the places behind them.</returns>
    public async Task<(IReadOnlyList<AuditRecord> Records, IReadOnlyList<long> Next)> PageAsync(
        IReadOnlyList<long>? after, DateTimeOffset since, int limit, CancellationToken cancellation)
    {
        var starts = after is null ? await ranges.OffsetsAtAsync(Topics.Audit, since, cancellation) : null;
        var bounds = await ranges.BoundsAsync(Topics.Audit, cancellation);
        var positions = bounds.ToDictionary(
            b => b.Key,
            b => Math.Clamp(starts is null ? after![b.Key.Partition] : starts[b.Key], b.Value.First, b.Value.Next));
        var read = new List<AuditRecord>();
        if (Unread(positions, bounds) is { Count: > 0 } unread)
        {
            foreach (var record in await ranges.ReadAsync(unread, limit, OneRead, cancellation))
            {
                positions[record.Partition] = record.Offset + 1;
                if (EntryOf(record) is { } entry)
                {
                    read.Add(new(entry, record.Partition.Partition, record.Offset));
                }
            }
        }

        return (
            [.. read.OrderBy(r => r.Entry.At).ThenBy(r => r.Partition).ThenBy(r => r.Offset)],
            [.. positions.OrderBy(p => p.Key).Select(p => p.Value)]);
    }

    private static Dictionary<PartitionKey, long> Unread(
        Dictionary<PartitionKey, long> positions, IReadOnlyDictionary<PartitionKey, (long First, long Next)> bounds) =>
        positions.Where(p => p.Value < bounds[p.Key].Next).ToDictionary();

    /// <summary>Null for what is no entry: nobody's words in this topic may keep operators from their work.</summary>
    private static AuditEntry? EntryOf(LogIncoming record)
    {
        try
        {
            return record.Value is { } value ? JsonSerializer.Deserialize(value, ContractsJson.Default.AuditEntry) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
