namespace CardShop.LogBroker.Storage;

/// <summary>A topic and its partitions; replaced whole when its partitions grow.</summary>
internal sealed class Topic(string name, Guid id, TopicConfig config, IReadOnlyList<PartitionLog> partitions)
{
    /// <summary>Holds the committed offsets of groups, as in Kafka; clients may read it, not write it.</summary>
    public const string OffsetsTopic = "__consumer_offsets";

    public string Name => name;

    public Guid Id => id;

    public TopicConfig Config => config;

    public IReadOnlyList<PartitionLog> Partitions => partitions;

    public bool Internal => name == OffsetsTopic;

    public PartitionLog? Partition(int number) =>
        number >= 0 && number < partitions.Count ? partitions[number] : null;

    public static bool IsValidName(string name) =>
        name.Length is > 0 and <= 249 && name is not "." and not ".."
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
}
