using CardShop.Pipeline.Outbox;

namespace CardShop.Pipeline.Batches;

/// <summary>What a fleet does with a batch; the loop around it knows retries, sending and settling.</summary>
public interface IBatchWork
{
    /// <summary>Its name in logs and in <c>progress</c>: the consumer group.</summary>
    string Name { get; }

    /// <summary>Decodes one message. Throws <see cref="PoisonMessageException"/> for bytes that mean nothing.</summary>
    object Decode(Incoming message);

    /// <summary>The order that a message is about, for the log; null where that cannot be told.</summary>
    string? OrderOf(Incoming message) => null;

    /// <summary>
    /// Load, decide and save in one transaction. Messages that are already processed are passed over.
    /// </summary>
    /// <returns>The row to send; null when nothing is to be sent.</returns>
    Task<OutboxRow?> RunAsync(IReadOnlyList<Incoming> batch, CancellationToken cancellation);

    /// <summary>
    /// Gives one message up: in one transaction the dead letter, its order in review, and progress past it.
    /// </summary>
    Task<OutboxRow?> GiveUpAsync(Incoming message, Exception failure, CancellationToken cancellation);

    /// <summary>After a commit, for counters and advisory topics.</summary>
    void Committed(IReadOnlyList<Incoming> batch);
}
