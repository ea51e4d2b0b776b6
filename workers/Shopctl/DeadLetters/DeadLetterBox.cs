using System.Text;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Shop.DeadLetters;
using CardShop.Shopctl.Replay;
using CardShop.Shopctl.Servers;

namespace CardShop.Shopctl.DeadLetters;

/// <summary>
/// shop.dead-letters.v1: letters, and beside them what became of each. It is in Kafka alone, so it is the same whatever
/// happens to PostgreSQL.
/// </summary>
internal static class DeadLetterBox
{
    private const int Part = 2_000;

    /// <summary>Letters that are held at once; of more, settled ones are left out first, then the oldest.</summary>
    private const int MaxLetters = 50_000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>All letters, as far as they can be held at once, with what became of each.</summary>
    public static async Task<LetterShelf> ReadAsync(ShopServers servers, CancellationToken cancellation)
    {
        var shelf = new LetterShelf(MaxLetters);
        int[] partitions = [.. Enumerable.Range(0, Topics.DeadLetters.Partitions)];
        await ReadAsync(servers, partitions, shelf.Take, cancellation);
        if (shelf.MakeRoom())
        {
            await ReadAsync(servers, partitions, shelf.TakeOpen, cancellation);
        }

        return shelf;
    }

    /// <summary>
    /// Which records of a topic lie there. A letter that was copied from a lost region's log names a place of that log, where
    /// here another record lies: it is left out.
    /// </summary>
    public static async Task<Letters> PlacesAsync(ShopServers servers, Topic topic, CancellationToken cancellation)
    {
        var places = new HashSet<(PartitionKey, long)>();
        await ReadAsync(
            servers,
            [Topics.DeadLetters.PartitionOf(topic.Name)],
            record =>
            {
                if (record.Mirrored is null && DeadLetterRecords.LetterOf(record) is { } letter && letter.Topic == topic.Name)
                {
                    places.Add((new(letter.Topic, letter.Partition), letter.Offset));
                }
            },
            cancellation);
        return new(places);
    }

    /// <summary>One letter with its body; null where none lies there.</summary>
    public static async Task<DeadLetter?> FindAsync(ShopServers servers, LetterPlace place, CancellationToken cancellation)
    {
        var partition = new PartitionKey(Topics.DeadLetters.Name, place.Partition);
        var bounds = await servers.Ranges.BoundsAsync(Topics.DeadLetters, cancellation);
        if (place.Offset < bounds[partition].First || place.Offset >= bounds[partition].Next)
        {
            return null;
        }

        var records = await servers.Ranges.ReadAsync(
            new Dictionary<PartitionKey, long> { [partition] = place.Offset }, 1, Patience, cancellation);
        return records.Count > 0 && records[0].Offset == place.Offset ? DeadLetterRecords.LetterOf(records[0]) : null;
    }

    /// <summary>Notes what became of a letter; returns when that is durable.</summary>
    public static Task ResolveAsync(
        ShopServers servers, Letter letter, DeadLetterResolved resolution, CancellationToken cancellation) =>
        servers.Log.ProduceAsync(
            new(
                Topics.DeadLetters.Name, letter.Place.Partition, Encoding.UTF8.GetBytes(letter.Head.Topic),
                JsonSerializer.SerializeToUtf8Bytes(resolution, ContractsJson.Default.DeadLetterResolved),
                [new(RecordHeaders.Type, Encoding.UTF8.GetBytes(MessageTypes.DeadLetterResolved))]),
            cancellation);

    private static async Task ReadAsync(
        ShopServers servers, IEnumerable<int> partitions, Action<LogIncoming> onRecord, CancellationToken cancellation)
    {
        var bounds = await servers.Ranges.BoundsAsync(Topics.DeadLetters, cancellation);
        var positions = partitions.Select(p => new PartitionKey(Topics.DeadLetters.Name, p))
            .ToDictionary(p => p, p => bounds[p].First);
        while (true)
        {
            var open = positions.Where(p => p.Value < bounds[p.Key].Next).ToDictionary(p => p.Key, p => p.Value);
            if (open.Count == 0)
            {
                return;
            }

            foreach (var record in await servers.Ranges.ReadAsync(open, Part, Patience, cancellation))
            {
                onRecord(record);
                positions[record.Partition] = record.Offset + 1;
            }
        }
    }
}
