using CardShop.LogBroker.Protocol;
using CardShop.LogBroker.Storage;

namespace CardShop.LogBroker.Network;

/// <summary>
/// An answer: bytes of its own, and between them regions of segment files that are read as they are sent.
/// </summary>
internal sealed class Response(KafkaWriter writer) : IDisposable
{
    private readonly List<(int Position, FileRegion Region)> _regions = [];

    public KafkaWriter Writer => writer;

    public IReadOnlyList<(int Position, FileRegion Region)> Regions => _regions;

    /// <summary>The region's bytes follow what has been written so far.</summary>
    public void Append(FileRegion region) => _regions.Add((writer.Length, region));

    /// <summary>Writes the length of the whole answer in front of it.</summary>
    public void Seal() => writer.PatchInt32(0, writer.Length - 4 + _regions.Sum(r => r.Region.Length));

    public void Dispose()
    {
        writer.Dispose();
        foreach (var (_, region) in _regions)
        {
            region.Dispose();
        }
    }
}
