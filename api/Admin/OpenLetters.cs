using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Shop.DeadLetters;

namespace CardShop.Api.Admin;

/// <summary>
/// How many dead letters are open: the topic is read once, a part per look, and then only what is new. Callers take turns.
/// </summary>
public sealed class OpenLetters(ILogRanges log)
{
    /// <summary>Beyond that many the number is this.</summary>
    public const int MostCounted = 1_000;

    /// <summary>Letters remembered; of more, those beyond are not told apart any more.</summary>
    private const int MostHeld = 100_000;

    private const int Part = 2_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly HashSet<(int Partition, long Offset)> _open = [];
    private Dictionary<PartitionKey, long>? _positions;

    /// <param name="ends">Next offsets of the log; those of the topic are among them.</param>
    /// <returns>Null while it is not read to its end yet.</returns>
    public async Task<long?> CountAsync(IReadOnlyDictionary<PartitionKey, long> ends, CancellationToken cancellation)
    {
        try
        {
            _positions ??= (await log.BoundsAsync(Topics.DeadLetters, cancellation)).ToDictionary(b => b.Key, b => b.Value.First);
            var behind = Behind(ends);
            if (behind.Count > 0)
            {
                foreach (var record in await log.ReadAsync(behind, Part, Patience, cancellation))
                {
                    Take(record);
                    _positions[record.Partition] = record.Offset + 1;
                }
            }

            return Behind(ends).Count == 0 ? Math.Min(_open.Count, MostCounted) : null;
        }
        catch (TrimmedException)
        {
            // Another log than before: from its beginning.
            _positions = null;
            _open.Clear();
            return null;
        }
    }

    private Dictionary<PartitionKey, long> Behind(IReadOnlyDictionary<PartitionKey, long> ends) =>
        _positions!.Where(p => ends.GetValueOrDefault(p.Key) > p.Value).ToDictionary(p => p.Key, p => p.Value);

    private void Take(LogIncoming record)
    {
        if (record.Type == MessageTypes.DeadLetter && _open.Count < MostHeld)
        {
            _open.Add((record.Partition.Partition, record.Offset));
        }
        else if (DeadLetterRecords.ResolutionOf(record) is { } resolution)
        {
            _open.Remove((record.Partition.Partition, resolution.Offset));
        }
    }
}
