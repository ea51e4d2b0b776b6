using System.Net.Sockets;
using Confluent.Kafka;
using Npgsql;
using RabbitMQ.Client.Exceptions;

namespace CardShop.Pipeline;

/// <summary>Another worker changed what this transaction had read: reload and run again.</summary>
public sealed class ConflictException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A message that can never be processed or sent, whoever tries; the text names no payload.</summary>
public sealed class PoisonMessageException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>What these messages need together is more than one transaction should hold: fewer of them at a time.</summary>
public sealed class BatchTooLargeException(string message) : Exception(message);

/// <summary>The database may be older than the log: nothing may be worked on until that is settled.</summary>
public sealed class FencedException(string message) : Exception(message);

/// <summary>A server that this process needs did not do its part.</summary>
public sealed class PlaceException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// The two kinds of failure. The place (connection, time-out, deadlock, disk, broker) is waited out and never counted;
/// the message is counted, split out and in the end given up.
/// </summary>
public static class Failures
{
    /// <summary>True where the same messages may well succeed later or elsewhere.</summary>
    public static bool IsPlace(Exception exception) => exception switch
    {
        PlaceException or FencedException => true,
        PostgresException { SqlState: var state } => IsPlaceSqlState(state),
        NpgsqlException or KafkaException or BrokerUnreachableException => true,
        AlreadyClosedException or OperationInterruptedException => true,
        TimeoutException or IOException or SocketException or ObjectDisposedException => true,
        OperationCanceledException => true,
        _ => false,
    };

    /// <summary>True for what another transaction caused: a broken check, a taken id.</summary>
    public static bool IsConflict(Exception exception) => exception switch
    {
        ConflictException => true,
        PostgresException { SqlState: PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.CheckViolation } => true,
        _ => false,
    };

    // 08 connection, 25 transaction state (a standby, one idle too long), 28 log-in refused, 3D and 3F database or schema
    // not there (being restored), 40 rolled back (deadlock, serialisation), 53 resources, 57 operator intervention,
    // 58 system error, XX internal.
    private static readonly string[] PlaceClasses = ["08", "25", "28", "3D", "3F", "40", "53", "57", "58", "XX"];

    // A lock time-out; and no right to a table, or no such table or function: statements are ours, no message can cause that.
    private static bool IsPlaceSqlState(string state) =>
        PlaceClasses.Any(c => state.StartsWith(c, StringComparison.Ordinal)) || state is "55P03" or "42501" or "42P01" or "42883";
}
