using System.Collections.Immutable;
using System.Globalization;
using CardShop.LogBroker.Protocol;

namespace CardShop.LogBroker.Storage;

/// <summary>
/// All topics. Readers see an immutable map; changes are made one at a time and are on the disk before they show.
/// </summary>
internal sealed class TopicStore : IDisposable
{
    public const int MaxPartitions = 10_000;

    private readonly Lock _changes = new();
    private readonly string _directory;
    private readonly LogContext _context;
    private readonly List<TopicEntry> _deleting = [];
    private volatile ImmutableDictionary<string, Topic> _topics = ImmutableDictionary<string, Topic>.Empty;

    /// <param name="directory">The data directory.</param>
    /// <param name="context">What all logs share.</param>
    /// <param name="replay">What the journal holds; afterwards all of it is in the segments, on the disk.</param>
    public TopicStore(string directory, LogContext context, JournalReplay replay)
    {
        _directory = directory;
        _context = context;
        var catalog = TopicCatalog.Read(CatalogPath);
        _deleting.AddRange(catalog.Topics.Where(t => t.Deleting));

        foreach (var entry in catalog.Topics.Where(t => !t.Deleting))
        {
            var config = TryConfigure(entry.Config.ToDictionary(c => c.Key, c => (string?)c.Value), out var problem)
                ?? throw new InvalidDataException($"topics.json, topic {entry.Name}: {problem}");
            _topics = _topics.Add(entry.Name, Open(entry, config, replay));
        }

        FinishDeletions();
    }

    public IReadOnlyCollection<Topic> All => [.. _topics.Values];

    private string CatalogPath => Path.Combine(_directory, "topics.json");

    public Topic? Find(string name) => _topics.GetValueOrDefault(name);

    public Topic? Find(Guid id) => _topics.Values.FirstOrDefault(t => t.Id == id);

    public PartitionLog? Find(string name, int partition) => Find(name)?.Partition(partition);

    /// <summary>Checks a topic's explicit settings; null, and a message, when one of them is wrong.</summary>
    public TopicConfig? TryConfigure(IEnumerable<KeyValuePair<string, string?>> values, out string? problem) =>
        TopicConfig.TryCreate(values, _context.TopicDefaults, out problem);

    /// <summary>Creates a topic; it exists when this returns without an error, also after a crash.</summary>
    public (ErrorCode Error, Topic? Topic) Create(string name, int partitions, TopicConfig config)
    {
        lock (_changes)
        {
            if (_topics.ContainsKey(name))
            {
                return (ErrorCode.TopicAlreadyExists, null);
            }

            if (_topics.Values.Sum(t => t.Partitions.Count) + partitions > MaxPartitions)
            {
                return (ErrorCode.PolicyViolation, null);
            }

            var opened = new List<PartitionLog>();
            try
            {
                SetStrayDirectoriesAside(name, 0, partitions);
                _deleting.RemoveAll(t => t.Name == name);
                var id = Guid.NewGuid();
                for (var p = 0; p < partitions; p++)
                {
                    opened.Add(OpenPartition(name, new PartitionId(id, p), config, []));
                }

                var topic = new Topic(name, id, config, opened);
                var changed = _topics.Add(name, topic);
                Save(changed);
                _topics = changed;
                return (ErrorCode.None, topic);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                _context.Logger.WriteFailed(name, failure.Message);
                opened.ForEach(p => p.Dispose());
                return (ErrorCode.KafkaStorageError, null);
            }
        }
    }

    public ErrorCode Delete(string name)
    {
        lock (_changes)
        {
            if (!_topics.TryGetValue(name, out var topic))
            {
                return ErrorCode.UnknownTopicOrPartition;
            }

            var entry = new TopicEntry(name, topic.Id, topic.Partitions.Count, [], Deleting: true);
            try
            {
                var changed = _topics.Remove(name);
                _deleting.Add(entry);
                Save(changed);
                _topics = changed;
                foreach (var partition in topic.Partitions)
                {
                    partition.Dispose();
                }

                FinishDeletions();
                return ErrorCode.None;
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                _context.Logger.WriteFailed(name, failure.Message);
                _deleting.Remove(entry); // it stays: nothing was deleted
                return ErrorCode.KafkaStorageError;
            }
        }
    }

    /// <summary>Adds partitions to a topic, up to this number in all.</summary>
    public ErrorCode Grow(string name, int partitions)
    {
        lock (_changes)
        {
            if (!_topics.TryGetValue(name, out var topic))
            {
                return ErrorCode.UnknownTopicOrPartition;
            }

            if (partitions <= topic.Partitions.Count
                || _topics.Values.Sum(t => t.Partitions.Count) + partitions - topic.Partitions.Count > MaxPartitions)
            {
                return ErrorCode.InvalidPartitions;
            }

            try
            {
                SetStrayDirectoriesAside(name, topic.Partitions.Count, partitions);
                var added = Enumerable.Range(topic.Partitions.Count, partitions - topic.Partitions.Count)
                    .Select(p => OpenPartition(name, new PartitionId(topic.Id, p), topic.Config, []));
                var changed = _topics.SetItem(
                    name, new Topic(name, topic.Id, topic.Config, [.. topic.Partitions, .. added]));
                Save(changed);
                _topics = changed;
                return ErrorCode.None;
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                _context.Logger.WriteFailed(name, failure.Message);
                return ErrorCode.KafkaStorageError;
            }
        }
    }

    /// <summary>Replaces a topic's explicit settings.</summary>
    public ErrorCode Configure(string name, TopicConfig config)
    {
        lock (_changes)
        {
            if (!_topics.TryGetValue(name, out var topic))
            {
                return ErrorCode.UnknownTopicOrPartition;
            }

            try
            {
                var changed = _topics.SetItem(name, new Topic(name, topic.Id, config, topic.Partitions));
                Save(changed);
                _topics = changed;
                foreach (var partition in topic.Partitions)
                {
                    partition.Config = config;
                }

                return ErrorCode.None;
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                _context.Logger.WriteFailed(name, failure.Message);
                return ErrorCode.KafkaStorageError;
            }
        }
    }

    /// <summary>Syncs and closes every partition; false when not all could be synced.</summary>
    public bool Close()
    {
        var settled = true;
        foreach (var partition in _topics.Values.SelectMany(t => t.Partitions))
        {
            settled &= partition.Close();
        }

        return settled;
    }

    public void Dispose()
    {
        foreach (var partition in _topics.Values.SelectMany(t => t.Partitions))
        {
            partition.Dispose();
        }
    }

    private string PartitionPath(string name, int partition) =>
        Path.Combine(_directory, name + "-" + partition.ToString(CultureInfo.InvariantCulture));

    private Topic Open(TopicEntry entry, TopicConfig config, JournalReplay replay) =>
        new(entry.Name, entry.Id, config, [.. Enumerable.Range(0, entry.Partitions)
            .Select(p => new PartitionId(entry.Id, p))
            .Select(id => OpenPartition(entry.Name, id, config, replay.For(id)))]);

    private PartitionLog OpenPartition(
        string name, PartitionId id, TopicConfig config, IReadOnlyList<JournaledBatch> journaled) =>
        new(id, PartitionPath(name, id.Partition), config, _context, journaled);

    private void Save(ImmutableDictionary<string, Topic> topics)
    {
        var entries = topics.Values.OrderBy(t => t.Name, StringComparer.Ordinal)
            .Select(t => new TopicEntry(t.Name, t.Id, t.Partitions.Count, new(t.Config.Explicit)));
        new TopicCatalog([.. entries, .. _deleting]).Write(CatalogPath);
    }

    /// <summary>
    /// Removes the files of deleted topics. What cannot be removed now is tried again at the next start.
    /// </summary>
    private void FinishDeletions()
    {
        foreach (var entry in _deleting.ToList())
        {
            try
            {
                for (var p = 0; p < entry.Partitions; p++)
                {
                    if (Directory.Exists(PartitionPath(entry.Name, p)))
                    {
                        Directory.Delete(PartitionPath(entry.Name, p), recursive: true);
                    }
                }

                NativeFile.SyncDirectory(_directory);
                _deleting.Remove(entry);
                Save(_topics);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                _context.Logger.WriteFailed(entry.Name, failure.Message);
            }
        }
    }

    /// <summary>
    /// Left by a crash in the middle of a creation or a deletion: nobody's data, but not a new topic's either.
    /// </summary>
    private void SetStrayDirectoriesAside(string name, int first, int partitions)
    {
        var deleted = _deleting.Find(t => t.Name == name)?.Partitions ?? 0;
        for (var p = first; p < Math.Max(partitions, deleted); p++)
        {
            var path = PartitionPath(name, p);
            if (Directory.Exists(path))
            {
                Directory.Move(path, $"{path}.{Guid.NewGuid():N}-stray");
            }
        }
    }
}
