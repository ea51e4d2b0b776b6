using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace CardShop.Local.Parts;

/// <summary>The shortest conversation with each server that proves that it serves: one question, one answer.</summary>
internal static class Loopback
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    /// <summary>Kafka: ApiVersions, version 0.</summary>
    public static async Task<Probe> KafkaAsync(int port, CancellationToken cancellationToken)
    {
        byte[] request = [0, 0, 0, 14, 0, 18, 0, 0, 0, 0, 0, 7, 0, 4, .. "wait"u8];
        var answer = await AskAsync(port, request, 10, cancellationToken);
        var good = answer.Length == 10 && BinaryPrimitives.ReadInt32BigEndian(answer.AsSpan(4)) == 7
            && BinaryPrimitives.ReadInt16BigEndian(answer.AsSpan(8)) == 0;
        return new Probe(good ? Health.Ready : Health.Down);
    }

    /// <summary>AMQP 0-9-1: the protocol header, answered by the frame that begins a connection.</summary>
    public static async Task<Probe> AmqpAsync(int port, CancellationToken cancellationToken)
    {
        var answer = await AskAsync(port, [.. "AMQP"u8, 0, 0, 9, 1], 11, cancellationToken);
        var good = answer.Length == 11 && answer[0] == 1 && BinaryPrimitives.ReadInt32BigEndian(answer.AsSpan(7)) == 0x000A000A;
        return new Probe(good ? Health.Ready : Health.Down);
    }

    /// <summary>PostgreSQL: a startup message. A server that accepts asks for the password; one that recovers says so.</summary>
    public static async Task<Probe> PostgresAsync(int port, string user, CancellationToken cancellationToken)
    {
        byte[] parameters = [.. Encoding.UTF8.GetBytes($"user\0{user}\0database\0postgres\0"), 0];
        var request = new byte[8 + parameters.Length];
        BinaryPrimitives.WriteInt32BigEndian(request, request.Length);
        BinaryPrimitives.WriteInt32BigEndian(request.AsSpan(4), 3 << 16);
        parameters.CopyTo(request, 8);
        var answer = await AskAsync(port, request, 1, cancellationToken);
        return answer switch
        {
            [(byte)'R'] => new Probe(Health.Ready),
            [(byte)'E'] => new Probe(Health.Live, "starting up"),
            _ => new Probe(Health.Down),
        };
    }

    private static async Task<byte[]> AskAsync(int port, byte[] request, int count, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(IPAddress.Loopback, port, limit.Token);
            await using var stream = new NetworkStream(socket);
            await stream.WriteAsync(request, limit.Token);
            var answer = new byte[count];
            await stream.ReadExactlyAsync(answer, limit.Token);
            return answer;
        }
        catch (Exception e) when (e is IOException or SocketException
            || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return [];
        }
    }
}
