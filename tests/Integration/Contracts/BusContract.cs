using System.Text;
using System.Threading.Channels;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Bus;
using CardShop.Pipeline.Outbox;
using CardShop.Tests.Integration.Servers;
using CardShop.Tests.Integration.Shop;
using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using Xunit;

namespace CardShop.Tests.Integration.Contracts;

/// <summary>What every IBus must do; held against RabbitMQ.</summary>
public sealed class BusContract(TestServers servers) : IAsyncLifetime
{
    private const string Queue = "cardshop.delivery";
    private const string Type = "CardShop.Contracts.DeliverOrder";
    private static readonly DateTimeOffset At = new(2026, 11, 21, 0, 12, 8, 760, 375, TimeSpan.Zero);

    private RabbitSettings _settings = null!;
    private RabbitBus _bus = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _settings = new(new(await servers.NewVhostAsync()), "cardshop.test", 50, TimeSpan.FromSeconds(10));
        _bus = NewBus();
        await _bus.DeclareAsync([Queue], Queues.Error, Stop);
        await _bus.DeclareAsync([Queue], Queues.Error, Stop);
    }

    public ValueTask DisposeAsync() => _bus.DisposeAsync();

    [Fact]
    public async Task A_command_arrives_once_with_what_an_endpoint_needs()
    {
        Assert.Empty(await _bus.SendAllAsync([Command("m1")], 77, Stop));
        await using var consumer = new Consumer(_bus, Queue);
        var command = await consumer.NextAsync();
        Assert.Equal(("m1", Type, "order", 77L, 0, "{}"), (
            command.MessageId, command.Type, command.ConversationId, command.Commit, command.DelayedRounds,
            Encoding.UTF8.GetString(command.Body)));
        var properties = command.Properties;
        Assert.Equal(("application/json", "m1", "order", Type), (
            properties.ContentType, properties.MessageId, properties.CorrelationId, properties.Type));
        Assert.True(properties.Persistent);
        Assert.False(properties.IsTimestampPresent() || properties.IsAppIdPresent() || properties.IsUserIdPresent()
            || properties.IsPriorityPresent() || properties.IsContentEncodingPresent());
        Assert.Equal(
            string.Join(
                '\n', "NServiceBus.ContentType: application/json", "NServiceBus.ConversationId: order",
                "NServiceBus.CorrelationId: order", "NServiceBus.EnclosedMessageTypes: " + Type,
                "NServiceBus.MessageId: m1", "NServiceBus.MessageIntent: Send",
                "NServiceBus.OriginatingEndpoint: cardshop.test", "NServiceBus.TimeSent: 2026-11-21 00:12:08:760375 Z",
                "commit: 77"),
            string.Join('\n', HeadersOf(command).Select(h => $"{h.Name}: {h.Value}")));
        await command.Settlement.AckAsync();
        Assert.True(await consumer.IsQuietAsync(Command("m2")));
    }

    [Fact]
    public async Task A_command_for_which_there_is_no_queue_is_not_taken_until_there_is_one()
    {
        await BindlessAsync("cardshop.nobody");
        var command = Command("m2") with { Queue = "cardshop.nobody" };
        var failure = Assert.Single(await _bus.SendAllAsync([Command("m1"), command], 1, Stop));
        Assert.Equal(1, failure.Index);

        await _bus.DeclareAsync(["cardshop.nobody"], Queues.Error, Stop);
        Assert.Empty(await _bus.SendAllAsync([command], 1, Stop));
    }

    [Fact]
    public async Task Many_commands_are_sent_within_the_limit_of_unconfirmed_ones()
    {
        var commands = Enumerable.Range(0, 500).Select(i => Command($"m{i}")).ToList();
        Assert.Empty(await _bus.SendAllAsync(commands, 1, Stop));
        await using var consumer = new Consumer(_bus, Queue, prefetch: 1_000);
        var seen = new HashSet<string>();
        while (seen.Count < commands.Count)
        {
            var command = await consumer.NextAsync();
            Assert.True(seen.Add(command.MessageId), $"{command.MessageId} came twice");
            await command.Settlement.AckAsync();
        }
    }

    [Fact]
    public async Task What_waits_is_counted_without_what_is_in_a_consumers_hand()
    {
        await _bus.DeclareAsync(["cardshop.empty"], Queues.Error, Stop);
        await _bus.SendAllAsync([Command("m1"), Command("m2"), Command("m3")], 1, Stop);
        var depths = await _bus.DepthsAsync([Queue, "cardshop.empty"], Stop);
        Assert.Equal((3u, 0u), (depths[Queue], depths["cardshop.empty"]));
        await using var consumer = new Consumer(_bus, Queue, prefetch: 1);
        await consumer.NextAsync();
        Assert.Equal(2u, (await _bus.DepthsAsync([Queue], Stop))[Queue]);
    }

    [Fact]
    public async Task A_queue_that_is_not_there_is_a_failure_of_the_place_and_hurts_nothing_else()
    {
        var failure = await Assert.ThrowsAnyAsync<Exception>(() => _bus.DepthsAsync([Queue, "cardshop.nobody"], Stop));
        Assert.True(Failures.IsPlace(failure), failure.ToString());
        Assert.Empty(await _bus.SendAllAsync([Command("m1")], 1, Stop));
        Assert.Equal(1u, (await _bus.DepthsAsync([Queue], Stop))[Queue]);
    }

    [Fact]
    public async Task What_was_not_acknowledged_comes_again()
    {
        await _bus.SendAllAsync([Command("m1")], 1, Stop);
        await using (var first = new Consumer(_bus, Queue))
        {
            await first.NextAsync();
        }

        await using var second = new Consumer(_bus, Queue);
        var again = await second.NextAsync();
        Assert.Equal("m1", again.MessageId);
        await again.Settlement.AckAsync();
        await again.Settlement.AckAsync();
    }

    [Fact]
    public async Task A_delayed_retry_comes_back_when_its_time_is_up_and_counts_its_rounds()
    {
        await _bus.SendAllAsync([Command("m1")], 5, Stop);
        await using var consumer = new Consumer(_bus, Queue);
        var command = await consumer.NextAsync();
        var sent = DateTime.UtcNow;
        await _bus.RetryLaterAsync(command, 0, Stop);
        await command.Settlement.AckAsync();
        var again = await consumer.NextAsync();
        Assert.InRange(DateTime.UtcNow - sent, TimeSpan.FromSeconds(4.5), TimeSpan.FromSeconds(30));
        Assert.Equal(("m1", 1, 5L, Queue, Type), (again.MessageId, again.DelayedRounds, again.Commit, again.Queue, again.Type));
        Assert.Contains(HeadersOf(again), h => h.Name == "NServiceBus.Retries.Timestamp");
        Assert.Equal(command.Body, again.Body);
    }

    [Fact]
    public async Task The_error_queue_gets_the_message_as_it_was_and_what_went_wrong()
    {
        await _bus.SendAllAsync([Command("m1")], 5, Stop);
        await using var consumer = new Consumer(_bus, Queue);
        var command = await consumer.NextAsync();
        await _bus.SendToErrorAsync(command, Thrown(), Stop);
        await using var errors = new Consumer(_bus, Queues.Error);
        var failed = await errors.NextAsync();
        Assert.Equal(("m1", Type, "order"), (failed.MessageId, failed.Type, failed.ConversationId));
        Assert.Equal(command.Body, failed.Body);
        var headers = HeadersOf(failed).ToDictionary(h => h.Name, h => h.Value);
        Assert.Equal(Queue, headers["NServiceBus.FailedQ"]);
        Assert.Equal("cardshop.test", headers["NServiceBus.ProcessingEndpoint"]);
        Assert.Equal(Environment.MachineName, headers["NServiceBus.ProcessingMachine"]);
        Assert.Equal("System.InvalidOperationException", headers["NServiceBus.ExceptionInfo.ExceptionType"]);
        Assert.Equal("System.FormatException", headers["NServiceBus.ExceptionInfo.InnerExceptionType"]);
        Assert.Equal("outer", headers["NServiceBus.ExceptionInfo.Message"]);
        Assert.NotEmpty(headers["NServiceBus.ExceptionInfo.Source"]);
        Assert.Contains(nameof(Thrown), headers["NServiceBus.ExceptionInfo.StackTrace"], StringComparison.Ordinal);
        Assert.Matches("^[0-9a-f]{32}$", headers["$.diagnostics.hostid"]);
        Assert.NotEmpty(headers["$.diagnostics.hostdisplayname"]);
        Assert.Matches(@"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d:\d{6} Z$", headers["NServiceBus.TimeOfFailure"]);
        Assert.Equal("Send", headers["NServiceBus.MessageIntent"]);
    }

    private static OutCommand Command(string id) => new(Queue, Type, id, "order", "{}"u8.ToArray(), At);

    private static Exception Thrown()
    {
        try
        {
            throw new InvalidOperationException("outer", new FormatException("inner"));
        }
        catch (InvalidOperationException e)
        {
            return e;
        }
    }

    private static IEnumerable<(string Name, string Value)> HeadersOf(BusIncoming command) => command.Properties.Headers!
        // The client's own mark of a returned message.
        .Where(h => h.Key != "x-dotnet-pub-seq-no")
        .Select(h => (h.Key, h.Value is byte[] text ? Encoding.UTF8.GetString(text) : $"{h.Value}")).OrderBy(h => h.Key, StringComparer.Ordinal);

    private async Task BindlessAsync(string exchange)
    {
        await using var connection = await new ConnectionFactory { Uri = _settings.Uri }.CreateConnectionAsync(Stop);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: Stop);
        await channel.ExchangeDeclareAsync(exchange, "fanout", durable: true, autoDelete: false, cancellationToken: Stop);
    }

    private RabbitBus NewBus() =>
        new(_settings, TimeProvider.System, new Random(), TestLogs.Factory.CreateLogger<RabbitBus>());

    private sealed class Consumer : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Channel<Incoming> _output = Channel.CreateUnbounded<Incoming>();
        private readonly RabbitBus _bus;
        private readonly Task _run;

        public Consumer(RabbitBus bus, string queue, ushort prefetch = 10)
        {
            _bus = bus;
            _run = bus.ConsumeAsync(queue, prefetch, _output.Writer, _stop.Token);
        }

        public async Task<BusIncoming> NextAsync() => (BusIncoming)await _output.Reader.ReadAsync(Stop).AsTask()
            .WaitAsync(TimeSpan.FromSeconds(40), Stop);

        /// <summary>A marker is the next that comes: nothing stood before it.</summary>
        public async Task<bool> IsQuietAsync(OutCommand marker)
        {
            await _bus.SendAllAsync([marker], 1, Stop);
            return (await NextAsync()).MessageId == marker.MessageId;
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _run);
            _stop.Dispose();
        }
    }
}
