using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;

namespace CardShop.Tests.Unit.Pipeline;

/// <summary>A log that answers nothing; what a test asks of it, the test's own says.</summary>
internal abstract class NoRanges : ILogRanges
{
    public virtual Task<IReadOnlyList<LogIncoming>> ReadAsync(
        IReadOnlyDictionary<PartitionKey, long> positions, int most, TimeSpan patience, CancellationToken cancellation) =>
        throw new NotSupportedException();

    public virtual Task<IReadOnlyList<LogIncoming>> FirstAsync(
        IReadOnlyDictionary<PartitionKey, long> positions, TimeSpan patience, CancellationToken cancellation) =>
        throw new NotSupportedException();

    public virtual Task<IReadOnlyDictionary<PartitionKey, (long First, long Next)>> BoundsAsync(
        Topic topic, CancellationToken cancellation) => throw new NotSupportedException();

    public virtual Task<IReadOnlyDictionary<PartitionKey, long>> OffsetsAtAsync(
        Topic topic, DateTimeOffset moment, CancellationToken cancellation) => throw new NotSupportedException();

    public virtual Task CommitAsync(
        string group, IReadOnlyDictionary<PartitionKey, long> positions, CancellationToken cancellation) =>
        throw new NotSupportedException();

    public virtual Task FollowFromAsync(
        IReadOnlyDictionary<PartitionKey, long> positions, Action<LogIncoming> onRecord, CancellationToken cancellation) =>
        throw new NotSupportedException();
}
