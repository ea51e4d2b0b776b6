using System.Threading.Channels;
using CardShop.Contracts;
using CardShop.Pipeline.Batches;

namespace CardShop.Pipeline.Log;

/// <summary>The name, within an outbox, of a topic in another region's Kafka.</summary>
public static class LinkedTopic
{
    private const string Prefix = "region:";

    public static string Of(string region, Topic topic) => $"{Prefix}{region}/{topic.Name}";

    /// <summary>Null for a topic of one's own.</summary>
    public static (string Region, string Topic)? Read(string name) =>
        name.StartsWith(Prefix, StringComparison.Ordinal) && name[Prefix.Length..].Split('/') is [{ Length: > 0 } region, { Length: > 0 } topic]
            ? (region, topic)
            : null;
}

/// <summary>
/// The own log, and other regions' for records that are sent there. What goes to another region is sent only when everything
/// of the same row that goes to the own log is durable: goods that the own log does not know to be gone must not be elsewhere.
/// </summary>
/// <param name="links">Other regions' logs by their letters; a record for one that is not among them stays unsent.</param>
public sealed class LinkedLog(ILog own, IReadOnlyDictionary<string, ILog> links) : ILog
{
    public Task<long> ProduceAsync(LogRecord record, CancellationToken cancellation) =>
        LinkedTopic.Read(record.Topic) is null
            ? own.ProduceAsync(record, cancellation)
            : throw new ArgumentException("Records for other regions leave by an outbox.", nameof(record));

    public async Task<IReadOnlyList<ProduceFailure>> ProduceAllAsync(
        IReadOnlyList<LogRecord> records, CancellationToken cancellation)
    {
        var places = records.Select(r => LinkedTopic.Read(r.Topic)).ToList();
        if (places.All(p => p is null))
        {
            return await own.ProduceAllAsync(records, cancellation);
        }

        var failures = new List<ProduceFailure>();
        int[] ours = [.. Enumerable.Range(0, records.Count).Where(i => places[i] is null)];
        failures.AddRange((await own.ProduceAllAsync([.. ours.Select(i => records[i])], cancellation))
            .Select(f => f with { Index = ours[f.Index] }));
        foreach (var region in Enumerable.Range(0, records.Count).Where(i => places[i] is not null)
            .GroupBy(i => places[i]!.Value.Region))
        {
            int[] theirs = [.. region];
            if (failures.Count > 0 || !links.TryGetValue(region.Key, out var link))
            {
                var reason = failures.Count > 0
                    ? "what goes to the own log first is not durable"
                    : $"no way to region {region.Key} is set: Regions__{region.Key}__BootstrapServers";
                failures.AddRange(theirs.Select(i => new ProduceFailure(i, false, reason)));
                continue;
            }

            failures.AddRange((await link.ProduceAllAsync(
                [.. theirs.Select(i => Foreign(records[i], places[i]!.Value.Topic))], cancellation))
                .Select(f => f with { Index = theirs[f.Index] }));
        }

        return [.. failures.OrderBy(f => f.Index)];
    }

    /// <summary>Without the commit number: of this region's database it would be held against the other's.</summary>
    private static LogRecord Foreign(LogRecord record, string topic) => record with
    {
        Topic = topic,
        Headers = [.. record.Headers.Where(h => h.Name != RecordHeaders.Commit)],
    };

    public ILogReader Join(
        string group, IReadOnlyList<Topic> topics, ReadPositions positions, ChannelWriter<Incoming> output) =>
        own.Join(group, topics, positions, output);

    public Task<IReadOnlyDictionary<PartitionKey, long>> CommittedAsync(
        string group, IReadOnlyList<Topic> topics, CancellationToken cancellation) =>
        own.CommittedAsync(group, topics, cancellation);

    public Task<IReadOnlyList<LogIncoming>> TailAsync(Topic topic, int count, CancellationToken cancellation) =>
        own.TailAsync(topic, count, cancellation);

    public Task<IReadOnlyDictionary<PartitionKey, long>> EndsAsync(
        IReadOnlyList<Topic> topics, CancellationToken cancellation) => own.EndsAsync(topics, cancellation);

    public Task FollowAsync(
        IReadOnlyList<Topic> topics, Action<LogIncoming> onRecord, Action caughtUp, CancellationToken cancellation) =>
        own.FollowAsync(topics, onRecord, caughtUp, cancellation);

    public Task CreateTopicsAsync(IReadOnlyList<Topic> topics, short replication, CancellationToken cancellation) =>
        own.CreateTopicsAsync(topics, replication, cancellation);

    /// <summary>The logs of other regions; the own one is closed by who opened it.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var link in links.Values)
        {
            await link.DisposeAsync();
        }
    }
}
