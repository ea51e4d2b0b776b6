using CardShop.Pipeline.Log;

namespace CardShop.Shopctl.Replay;

/// <summary>Places of records that lie on shop.dead-letters.v1.</summary>
internal sealed class Letters(IReadOnlySet<(PartitionKey Partition, long Offset)> places)
{
    public static readonly Letters None = new(new HashSet<(PartitionKey, long)>());

    public bool Has(PartitionKey partition, long offset) => places.Contains((partition, offset));
}
