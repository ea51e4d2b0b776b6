using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using CardShop.Pipeline;
using CardShop.Pipeline.Log;

namespace CardShop.Shopctl.Preflight;

/// <summary>
/// Which APIs the brokers offer: one ApiVersions request, version 0, as Kafka's protocol guide lays it out. The client
/// library asks the same at every connection and does not tell.
/// </summary>
internal static class KafkaVersions
{
    private const short ApiVersionsKey = 18;
    private const int MaxAnswer = 64 * 1024;
    private const int MaxServers = 5;

    /// <param name="bootstrap">host:port, host:port.</param>
    /// <param name="tls">Null = in the clear.</param>
    /// <returns>The highest version of each API, of the first broker that answers.</returns>
    /// <exception cref="PlaceException">None of the first five answers.</exception>
    public static async Task<IReadOnlyDictionary<int, short>> AskAsync(
        string bootstrap, KafkaTls? tls, CancellationToken cancellation)
    {
        var asked = bootstrap.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Take(MaxServers).Select(s => AskOneAsync(s, tls, cancellation)).ToList();
        Exception? last = null;
        foreach (var task in asked)
        {
            try
            {
                return await task;
            }
            catch (Exception e) when (e is SocketException or IOException or PlaceException or FormatException)
            {
                last = e;
            }
        }

        throw new PlaceException(last?.Message ?? "no broker is named", last);
    }

    private static async Task<IReadOnlyDictionary<int, short>> AskOneAsync(
        string server, KafkaTls? tls, CancellationToken cancellation)
    {
        var colon = server.LastIndexOf(':');
        var port = colon > 0 ? int.Parse(server.AsSpan(colon + 1), CultureInfo.InvariantCulture) : 9092;
        using var client = new TcpClient { NoDelay = true };
        var host = colon > 0 ? server[..colon] : server;
        await client.ConnectAsync(host, port, cancellation);
        await using Stream stream = tls is null
            ? client.GetStream() : await tls.OverAsync(client.GetStream(), host, cancellation);
        await stream.WriteAsync(Request(), cancellation);
        var length = new byte[4];
        await stream.ReadExactlyAsync(length, cancellation);
        var size = BinaryPrimitives.ReadInt32BigEndian(length);
        if (size is < 10 or > MaxAnswer)
        {
            throw new PlaceException("what answers there is no Kafka broker");
        }

        var answer = new byte[size];
        await stream.ReadExactlyAsync(answer, cancellation);
        return Parse(answer);
    }

    /// <summary>Size, key, version, correlation, client id.</summary>
    private static byte[] Request()
    {
        var request = new byte[4 + 2 + 2 + 4 + 2 + 8];
        BinaryPrimitives.WriteInt32BigEndian(request, request.Length - 4);
        BinaryPrimitives.WriteInt16BigEndian(request.AsSpan(4), ApiVersionsKey);
        BinaryPrimitives.WriteInt16BigEndian(request.AsSpan(6), 0);
        BinaryPrimitives.WriteInt32BigEndian(request.AsSpan(8), 1);
        BinaryPrimitives.WriteInt16BigEndian(request.AsSpan(12), 8);
        "cardshop"u8.CopyTo(request.AsSpan(14));
        return request;
    }

    /// <param name="answer">Correlation, error, and an array of key, lowest and highest version.</param>
    internal static IReadOnlyDictionary<int, short> Parse(ReadOnlySpan<byte> answer)
    {
        var count = BinaryPrimitives.ReadInt32BigEndian(answer[6..]);
        if (BinaryPrimitives.ReadInt16BigEndian(answer[4..]) != 0 || count < 0 || answer.Length < 10 + count * 6L)
        {
            throw new PlaceException("what answers there is no Kafka broker");
        }

        var apis = new Dictionary<int, short>();
        for (var i = 0; i < count; i++)
        {
            var api = answer.Slice(10 + i * 6, 6);
            apis[BinaryPrimitives.ReadInt16BigEndian(api)] = BinaryPrimitives.ReadInt16BigEndian(api[4..]);
        }

        return apis;
    }
}
