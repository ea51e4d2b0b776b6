using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using CardShop.LogBroker.Protocol;
using Xunit;

namespace CardShop.Tests.Unit.LogBroker;

public sealed class When_requests_are_wrong
{
    private static readonly ApiKey[] Apis = Enum.GetValues<ApiKey>();

    [Fact]
    public async Task An_unknown_version_of_ApiVersions_is_answered_in_version_0_with_error_35()
    {
        await using var broker = new BrokerFixture();
        using var socket = await broker.Connect();
        await socket.SendAsync(BrokerFixture.Frame(ApiKey.ApiVersions, 99, [1, 2, 3], correlation: 77), Token);

        var answer = await BrokerFixture.Receive(socket);

        Assert.NotNull(answer);
        Assert.Equal(77, BinaryPrimitives.ReadInt32BigEndian(answer));
        Assert.Equal(35, BinaryPrimitives.ReadInt16BigEndian(answer.AsSpan(4)));
        Assert.Equal(1, BinaryPrimitives.ReadInt32BigEndian(answer.AsSpan(6)));
        Assert.Equal((18, 0), (BinaryPrimitives.ReadInt16BigEndian(answer.AsSpan(10)),
            BinaryPrimitives.ReadInt16BigEndian(answer.AsSpan(12))));
        await socket.SendAsync(BrokerFixture.Frame(ApiKey.ApiVersions, 0, []), Token);
        Assert.NotNull(await BrokerFixture.Receive(socket));
    }

    [Theory]
    [InlineData(999, 0)]  // no such API
    [InlineData(3, 99)]   // no such version
    [InlineData(0, 2)]    // a Produce version from before record batches
    [InlineData(3, -1)]
    public async Task Unknown_APIs_and_versions_end_the_connection(int api, int version)
    {
        await using var broker = new BrokerFixture();
        using var socket = await broker.Connect();
        await socket.SendAsync(BrokerFixture.Frame((ApiKey)api, (short)version, []), Token);

        Assert.Null(await BrokerFixture.Receive(socket));
        Assert.True(await broker.IsAlive());
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(int.MaxValue)]
    public async Task An_impossible_length_ends_the_connection(int length)
    {
        await using var broker = new BrokerFixture();
        using var socket = await broker.Connect();
        var prefix = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(prefix, length);
        await socket.SendAsync(prefix, Token);

        Assert.Null(await BrokerFixture.Receive(socket));
        Assert.True(await broker.IsAlive());
    }

    [Fact]
    public async Task What_was_asked_before_the_malformed_request_is_still_answered()
    {
        await using var broker = new BrokerFixture();
        using var socket = await broker.Connect();
        byte[] both =
            [.. BrokerFixture.Frame(ApiKey.ApiVersions, 0, []), .. BrokerFixture.Frame(ApiKey.Metadata, 1, [9])];
        await socket.SendAsync(both, Token);

        Assert.NotNull(await BrokerFixture.Receive(socket));
        Assert.Null(await BrokerFixture.Receive(socket));
    }

    [Fact]
    public async Task Connections_beyond_the_limit_are_closed_and_the_others_served()
    {
        await using var broker = new BrokerFixture(o => o with { MaxConnections = 2 });
        using var first = await broker.Connect();
        using var second = await broker.Connect();
        await first.SendAsync(BrokerFixture.Frame(ApiKey.ApiVersions, 0, []), Token);
        await second.SendAsync(BrokerFixture.Frame(ApiKey.ApiVersions, 0, []), Token);
        Assert.NotNull(await BrokerFixture.Receive(first));
        Assert.NotNull(await BrokerFixture.Receive(second));

        using var third = await broker.Connect();

        Assert.Null(await BrokerFixture.Receive(third));
        await first.SendAsync(BrokerFixture.Frame(ApiKey.ApiVersions, 0, []), Token);
        Assert.NotNull(await BrokerFixture.Receive(first));
    }

    [Fact]
    public async Task Random_and_mutated_bytes_harm_nobody()
    {
        await using var broker = new BrokerFixture(o => o with { AutoCreateTopics = true });
        var random = new Random(20_260_101);
        using var bystander = await broker.Connect();
        for (var round = 0; round < 600; round++)
        {
            using var socket = await broker.Connect();
            await socket.SendAsync(Nonsense(random), Token);
            socket.Shutdown(SocketShutdown.Send);
            while (await BrokerFixture.Receive(socket) is not null)
            {
                // some nonsense makes sense and is answered
            }

            if (round % 50 == 0)
            {
                await bystander.SendAsync(BrokerFixture.Frame(ApiKey.Metadata, 1, [0, 0, 0, 0]), Token);
                Assert.NotNull(await BrokerFixture.Receive(bystander));
            }
        }

        Assert.True(await broker.IsAlive());
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static byte[] Nonsense(Random random)
    {
        var api = Apis[random.Next(Apis.Length)];
        var version = (short)random.Next(0, 13);
        var body = new byte[random.Next(0, 200)];
        switch (random.Next(3))
        {
            case 0:
                random.NextBytes(body);
                break;
            case 1: // small numbers look more like lengths
                Array.ForEach([.. Enumerable.Range(0, body.Length)], i => body[i] = (byte)random.Next(0, 4));
                break;
            default:
                body = Produce(random);
                break;
        }

        if (body.Length > 0 && api is ApiKey.JoinGroup or ApiKey.Fetch)
        {
            body = body[..random.Next(0, Math.Min(body.Length, 16))]; // whole ones would wait, as they should
        }

        return BrokerFixture.Frame(body.Length > 200 ? ApiKey.Produce : api, body.Length > 200 ? (short)7 : version,
            body);
    }

    /// <summary>A sound Produce request with a few bytes changed.</summary>
    private static byte[] Produce(Random random)
    {
        using var writer = new KafkaWriter(flexible: false);
        writer.String(null);
        writer.Int16(random.Next(-1, 2));
        writer.Int32(1000);
        writer.ArrayLength(1);
        writer.String("fuzz");
        writer.ArrayLength(1);
        writer.Int32(0);
        writer.Bytes(Batch.Of(1000, ("key", Encoding.ASCII.GetString(new byte[200]))));
        var bytes = writer.Written.ToArray();
        for (var changes = random.Next(0, 4); changes > 0; changes--)
        {
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        }

        return bytes;
    }
}
