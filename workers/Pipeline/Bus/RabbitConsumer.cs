using System.Globalization;
using System.Text;
using System.Threading.Channels;
using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Telemetry;
using RabbitMQ.Client;

namespace CardShop.Pipeline.Bus;

/// <summary>One consumer on one channel on one connection; ends when any of them is lost.</summary>
internal sealed class RabbitConsumer : AsyncDefaultBasicConsumer, IAsyncDisposable
{
    private readonly IConnection _connection;
    private readonly string _queue;
    private readonly ChannelWriter<Incoming> _output;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationToken _cancellation;
    private readonly PendingAcks _acks = new();

    private RabbitConsumer(
        IConnection connection, IChannel channel, string queue, ChannelWriter<Incoming> output, CancellationToken cancellation)
        : base(channel)
    {
        _connection = connection;
        _queue = queue;
        _output = output;
        _cancellation = cancellation;
    }

    /// <summary>Completes when nothing more will arrive.</summary>
    public Task Ended => _ended.Task;

    /// <param name="connection">Its own from now on; closed where it cannot start, as when the queue is not there.</param>
    public static async Task<RabbitConsumer> StartAsync(
        IConnection connection, string queue, ushort prefetch, ChannelWriter<Incoming> output, CancellationToken cancellation)
    {
        try
        {
            return await ConsumeAsync(connection, queue, prefetch, output, cancellation);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private static async Task<RabbitConsumer> ConsumeAsync(
        IConnection connection, string queue, ushort prefetch, ChannelWriter<Incoming> output, CancellationToken cancellation)
    {
        var channel = await connection.CreateChannelAsync(
            new CreateChannelOptions(false, false, consumerDispatchConcurrency: 1), cancellation);
        var consumer = new RabbitConsumer(connection, channel, queue, output, cancellation);
        await channel.BasicQosAsync(0, prefetch, global: false, cancellation);
        channel.ChannelShutdownAsync += (_, _) =>
        {
            consumer._ended.TrySetResult();
            return Task.CompletedTask;
        };
        await channel.BasicConsumeAsync(queue, autoAck: false, consumer, cancellation);
        return consumer;
    }

    public override async Task HandleBasicDeliverAsync(
        string consumerTag, ulong deliveryTag, bool redelivered, string exchange, string routingKey,
        IReadOnlyBasicProperties properties, ReadOnlyMemory<byte> body, CancellationToken cancellationToken = default)
    {
        var headers = properties.Headers;
        await _output.WriteAsync(
            new BusIncoming(
                _queue,
                properties.MessageId ?? string.Empty,
                properties.Type ?? FirstType(Text(headers, NServiceBusHeaders.EnclosedMessageTypes)),
                Text(headers, NServiceBusHeaders.ConversationId),
                Number(headers, RecordHeaders.Commit),
                (int)Number(headers, NServiceBusHeaders.DelayedRounds),
                body.ToArray(),
                new BasicProperties(properties),
                new DeliverySettlement(this, deliveryTag))
            {
                TraceParent = Text(headers, Traces.Header),
            },
            _cancellation);
    }

    public override Task HandleBasicCancelAsync(string consumerTag, CancellationToken cancellationToken = default)
    {
        _ended.TrySetResult();
        return base.HandleBasicCancelAsync(consumerTag, cancellationToken);
    }

    /// <summary>Soon: those of a batch come one after the other, and are told together.</summary>
    public void Ack(ulong deliveryTag)
    {
        if (_acks.Add(deliveryTag))
        {
            _ = TellAsync();
        }
    }

    private async Task TellAsync()
    {
        await Task.Yield();
        try
        {
            while (_acks.Take() is { Count: > 0 } frames)
            {
                foreach (var (tag, multiple) in frames)
                {
                    await Channel.BasicAckAsync(tag, multiple, _cancellation);
                }
            }
        }
#pragma warning disable CA1031 // Nobody awaits this: whatever it was, no acknowledgement goes this way any more.
        catch
#pragma warning restore CA1031
        {
            // The consumer begins anew: the broker delivers the commands again, and the repeats are no-ops.
            _ended.TrySetResult();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _ended.TrySetResult();
        await Channel.DisposeAsync();
        await _connection.DisposeAsync();
    }

    private static string? FirstType(string? enclosed) => enclosed?.Split(';', ',')[0];

    private static string? Text(IDictionary<string, object?>? headers, string name) =>
        headers is not null && headers.TryGetValue(name, out var value)
            ? value switch { byte[] bytes => Encoding.UTF8.GetString(bytes), string text => text, _ => null }
            : null;

    private static long Number(IDictionary<string, object?>? headers, string name) =>
        headers is null || !headers.TryGetValue(name, out var value) ? 0 : value switch
        {
            long number => number,
            int number => number,
            byte[] bytes when long.TryParse(bytes, CultureInfo.InvariantCulture, out var number) => number,
            _ => 0,
        };
}

/// <summary>A delivery is acknowledged after its batch.</summary>
internal sealed class DeliverySettlement(RabbitConsumer consumer, ulong tag) : IDeliverySettlement
{
    public ValueTask AckAsync()
    {
        consumer.Ack(tag);
        return ValueTask.CompletedTask;
    }
}
