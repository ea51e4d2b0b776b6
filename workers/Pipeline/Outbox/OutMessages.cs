namespace CardShop.Pipeline.Outbox;

/// <summary>A record that a transaction sends to Kafka.</summary>
/// <param name="Type">Type name; the CloudEvents type where <paramref name="EventId"/> is given.</param>
/// <param name="OrderId">Whose it is; null when no order's.</param>
/// <param name="EventId">CloudEvents id for partners; null for internal records.</param>
/// <param name="At">The moment that the decision was made at.</param>
/// <param name="Sequence">The event's place among those of its subject, from 0; only where <paramref name="EventId"/> is given.</param>
public sealed record OutRecord(
    string Topic, int Partition, string Key, string Type, byte[] Body, DateTimeOffset At,
    string? OrderId = null, string? EventId = null, int? Sequence = null)
{
    /// <summary>The span that sends it, as a W3C <c>traceparent</c>; null where nothing is traced.</summary>
    public string? TraceParent { get; init; }
}

/// <summary>A command that a transaction sends to RabbitMQ.</summary>
/// <param name="Type">Full type name.</param>
/// <param name="MessageId">Derived from the order and the step, so that a repeat has the same.</param>
/// <param name="ConversationId">The order id.</param>
public sealed record OutCommand(
    string Queue, string Type, string MessageId, string ConversationId, byte[] Body, DateTimeOffset At)
{
    /// <summary>The span that sends it, as a W3C <c>traceparent</c>; null where nothing is traced.</summary>
    public string? TraceParent { get; init; }
}

/// <summary>One row of the outbox: everything that one batch sends.</summary>
/// <param name="Number">Its number; documents hold the number of their last row.</param>
/// <param name="Commit">The commit number of its transaction.</param>
/// <param name="Waits">Earlier rows of the same documents whose records must leave first.</param>
public sealed record OutboxRow(
    long Number, long Commit, IReadOnlyList<OutRecord> Records, IReadOnlyList<OutCommand> Commands,
    IReadOnlyList<long> Waits);
