using System.Text;
using CardShop.Contracts;
using CardShop.Pipeline.Log;
using CardShop.Pipeline.Telemetry;
using Confluent.Kafka;
using RabbitMQ.Client;

namespace CardShop.Pipeline.Batches;

/// <summary>Something that a fleet must process: a record, a command, or a saga that is due.</summary>
public abstract class Incoming
{
    /// <summary>The decoded message; set by the fleet when it first sees it.</summary>
    public object? Message { get; set; }

    /// <summary>How often processing it alone has failed.</summary>
    public int Failures { get; set; }

    /// <summary>What it came to, as its work last decided; for those who report on single messages.</summary>
    public MessageOutcome Outcome { get; set; }

    /// <summary>What it costs to hold, in bytes.</summary>
    public abstract int Size { get; }

    /// <summary>The highest commit number it proves to have existed; 0 when it proves none.</summary>
    public virtual long Commit => 0;

    /// <summary>The span that sent it, as a W3C <c>traceparent</c>; null where nothing is traced.</summary>
    public string? TraceParent { get; init; }
}

/// <summary>What a message came to.</summary>
public enum MessageOutcome
{
    /// <summary>Not decided: passed over, or its work does not say.</summary>
    None,

    /// <summary>It was taken in before, or there was nothing to do.</summary>
    Repeat,

    /// <summary>State was changed, or something is sent.</summary>
    Changed,

    /// <summary>Whatever it was about has ended and was moved away.</summary>
    Archived,

    /// <summary>It could not be processed.</summary>
    GivenUp,
}

/// <summary>A record of a topic.</summary>
public sealed class LogIncoming(
    PartitionKey partition, long offset, string key, byte[]? value, string? type, long commit, DateTimeOffset timestamp,
    ILogReader? reader) : Incoming
{
    public PartitionKey Partition => partition;

    public long Offset => offset;

    public string Key => key;

    /// <summary>Null for a tombstone.</summary>
    public byte[]? Value => value;

    /// <summary>The message's type name, from the header.</summary>
    public string? Type => type;

    public DateTimeOffset Timestamp => timestamp;

    /// <summary>Of a copy in another region's log, the original's offset; null for an original.</summary>
    public long? Mirrored { get; init; }

    /// <summary>Null where the record is no CloudEvent.</summary>
    public CloudEventAttributes? CloudEvent { get; init; }

    /// <summary>It lies behind a gap and was passed over: its offset must not count as processed.</summary>
    public bool Unprocessed { get; set; }

    /// <summary>The membership that read it; null outside a group.</summary>
    public ILogReader? Reader => reader;

    public override long Commit => commit;

    public override int Size => 200 + (value?.Length ?? 0);

    internal static LogIncoming From(ConsumeResult<byte[], byte[]> result, PartitionKey partition, ILogReader? reader)
    {
        string? type = null;
        var commit = 0L;
        var isCloudEvent = false;
        string? traceParent = null;
        long? mirrored = null;
        foreach (var header in result.Message.Headers)
        {
            if (header.Key is RecordHeaders.Type or CloudEventHeaders.Type)
            {
                type = Encoding.UTF8.GetString(header.GetValueBytes());
                isCloudEvent |= header.Key == CloudEventHeaders.Type;
            }
            else if (header.Key == RecordHeaders.Commit)
            {
                _ = long.TryParse(header.GetValueBytes(), out commit);
            }
            else if (header.Key == RecordHeaders.Mirrored)
            {
                mirrored = long.TryParse(header.GetValueBytes(), out var origin) ? origin : null;
            }
            else if (header.Key == Traces.Header)
            {
                traceParent = Encoding.UTF8.GetString(header.GetValueBytes());
            }
        }

        return new(
            partition, result.Offset.Value,
            Encoding.UTF8.GetString(result.Message.Key ?? []), result.Message.Value, type, commit,
            result.Message.Timestamp.UtcDateTime, reader)
        {
            CloudEvent = isCloudEvent ? CloudEventAttributes.Read(result.Message.Headers) : null,
            TraceParent = traceParent,
            Mirrored = mirrored,
        };
    }
}

/// <summary>A command from a queue.</summary>
public sealed class BusIncoming(
    string queue, string messageId, string? type, string? conversationId, long commit, int delayedRounds,
    byte[] body, IReadOnlyBasicProperties properties, IDeliverySettlement settlement) : Incoming
{
    public string Queue => queue;

    public string MessageId => messageId;

    /// <summary>The message's full type name.</summary>
    public string? Type => type;

    /// <summary>The order id.</summary>
    public string? ConversationId => conversationId;

    /// <summary>Delayed retries it has been through.</summary>
    public int DelayedRounds => delayedRounds;

    public byte[] Body => body;

    /// <summary>As received; a retry or the error queue gets them again.</summary>
    public IReadOnlyBasicProperties Properties => properties;

    public IDeliverySettlement Settlement => settlement;

    public override long Commit => commit;

    public override int Size => 400 + body.Length;
}

/// <summary>Acknowledges one delivery; on a lost channel it does nothing, the broker delivers again.</summary>
public interface IDeliverySettlement
{
    ValueTask AckAsync();
}

/// <summary>A saga whose due time has come; found by a scan, not sent by anybody.</summary>
public sealed class DueIncoming(object message) : Incoming
{
    public object Due => message;

    public override int Size => 100;
}
