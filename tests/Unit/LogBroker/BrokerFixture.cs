using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using CardShop.LogBroker;
using CardShop.LogBroker.Protocol;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace CardShop.Tests.Unit.LogBroker;

/// <summary>A broker in this process, spoken to byte by byte.</summary>
internal sealed class BrokerFixture : IAsyncDisposable
{
    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("broker-");
    private readonly CancellationTokenSource _stopping = new();
    private readonly Broker _broker;
    private readonly Task _running;

    public BrokerFixture(Func<BrokerOptions, BrokerOptions>? with = null)
    {
        var options = new BrokerOptions { DataDirectory = _data.FullName, Port = 0 };
        _broker = new Broker(with?.Invoke(options) ?? options, TimeProvider.System, NullLogger.Instance);
        _running = _broker.Run(_stopping.Token);
    }

    public async Task<Socket> Connect()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, _broker.Port),
            TestContext.Current.CancellationToken);
        return socket;
    }

    public static byte[] Frame(ApiKey api, short version, byte[] body, int correlation = 1)
    {
        using var writer = new KafkaWriter(flexible: false);
        writer.Int32(10 + body.Length);
        writer.Int16((int)api);
        writer.Int16(version);
        writer.Int32(correlation);
        writer.Int16(-1); // no client id
        writer.Raw(body);
        return writer.Written.ToArray();
    }

    /// <summary>The answer behind its length, or null when the broker closed the connection.</summary>
    public static async Task<byte[]?> Receive(Socket socket)
    {
        var prefix = new byte[4];
        if (!await Fill(socket, prefix))
        {
            return null;
        }

        var answer = new byte[BinaryPrimitives.ReadInt32BigEndian(prefix)];
        return await Fill(socket, answer) ? answer : null;
    }

    /// <summary>Does the broker still answer a newcomer?</summary>
    public async Task<bool> IsAlive()
    {
        using var socket = await Connect();
        await socket.SendAsync(Frame(ApiKey.ApiVersions, 0, []), TestContext.Current.CancellationToken);
        return await Receive(socket) is { Length: > 10 };
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _broker.Dispose();
        _stopping.Dispose();
        _data.Delete(recursive: true);
    }

    private static async Task<bool> Fill(Socket socket, Memory<byte> into)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(20));
        try
        {
            while (!into.IsEmpty)
            {
                var read = await socket.ReceiveAsync(into, patience.Token);
                if (read == 0)
                {
                    return false;
                }

                into = into[read..];
            }

            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
