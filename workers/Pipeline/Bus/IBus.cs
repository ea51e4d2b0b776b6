using System.Threading.Channels;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Outbox;

namespace CardShop.Pipeline.Bus;

/// <summary>A command that was not taken now. There is none that can never be: they are small, and the queues are ours.</summary>
public readonly record struct SendFailure(int Index, string Reason);

/// <summary>RabbitMQ, as CardShop uses it.</summary>
public interface IBus : IAsyncDisposable
{
    /// <summary>Sends commands; returns those that were not confirmed, empty when all were.</summary>
    Task<IReadOnlyList<SendFailure>> SendAllAsync(
        IReadOnlyList<OutCommand> commands, long commit, CancellationToken cancellation);

    /// <summary>Consumes a queue until cancelled, at most <paramref name="prefetch"/> unsettled; waits out an absent broker.</summary>
    Task ConsumeAsync(string queue, ushort prefetch, ChannelWriter<Incoming> output, CancellationToken cancellation);

    /// <summary>Sends a received command through the delayed queue of a round, headers and body as they were.</summary>
    Task RetryLaterAsync(BusIncoming command, int round, CancellationToken cancellation);

    /// <summary>Sends a received command to the error queue, with the failure's headers.</summary>
    Task SendToErrorAsync(BusIncoming command, Exception failure, CancellationToken cancellation);

    /// <summary>Declares exchanges, queues and bindings; repeats are no-ops.</summary>
    Task DeclareAsync(IReadOnlyList<string> queues, string errorQueue, CancellationToken cancellation);

    /// <summary>How many messages wait in queues; those that are in a consumer's hand are not counted.</summary>
    Task<IReadOnlyDictionary<string, uint>> DepthsAsync(IReadOnlyList<string> queues, CancellationToken cancellation);

    /// <summary>
    /// Removes what waits in these queues and in their delayed queues. What a consumer has in hand stays there.
    /// </summary>
    /// <returns>How many commands were removed.</returns>
    Task<long> PurgeAsync(IReadOnlyList<string> queues, CancellationToken cancellation);
}
