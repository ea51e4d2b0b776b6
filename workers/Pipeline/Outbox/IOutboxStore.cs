namespace CardShop.Pipeline.Outbox;

/// <summary>The outbox table, as dispatching needs it. None of these has to be durable at once: a lost one is repeated.</summary>
public interface IOutboxStore
{
    /// <summary>The row's records are acknowledged: only its commands are left. Deletes the row when there are none.</summary>
    Task RecordsSentAsync(OutboxRow row, CancellationToken cancellation);

    /// <summary>Everything is acknowledged.</summary>
    Task DeleteAsync(OutboxRow row, CancellationToken cancellation);

    /// <summary>Rewrites the row to what is unsent.</summary>
    Task RewriteAsync(OutboxRow row, CancellationToken cancellation);

    /// <summary>
    /// In one durable transaction: the message moves to <c>parked</c>, its order goes into review, the row is rewritten.
    /// </summary>
    Task ParkAsync(OutboxRow left, string? orderId, string kind, byte[] body, string reason, CancellationToken cancellation);

    /// <summary>Which of these rows still hold unsent records.</summary>
    Task<IReadOnlyList<long>> UnsentAsync(IReadOnlyList<long> numbers, CancellationToken cancellation);

    /// <summary>These rows, where they still exist.</summary>
    Task<IReadOnlyList<OutboxRow>> ReadAsync(IReadOnlyList<long> numbers, CancellationToken cancellation);

    /// <summary>Numbers of rows older than <paramref name="age"/>, oldest first, at most <paramref name="limit"/>, without some.</summary>
    Task<IReadOnlyList<long>> LeftBehindAsync(
        TimeSpan age, int limit, IReadOnlyCollection<long> except, CancellationToken cancellation);
}
