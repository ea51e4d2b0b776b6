using System.Globalization;
using System.Text;
using System.Threading.Channels;
using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Outbox;
using CardShop.Pipeline.Telemetry;
using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace CardShop.Pipeline.Bus;

/// <summary>
/// RabbitMQ with NServiceBus's topology and headers: commands go to the exchange named like the queue, mandatory and
/// confirmed, with an explicit limit of unconfirmed ones.
/// </summary>
public sealed class RabbitBus(RabbitSettings settings, TimeProvider time, Random random, ILogger<RabbitBus> logger) : IBus
{
    private readonly SemaphoreSlim _opening = new(1);

    // Our own: the client's limiter throws when as many wait as are in flight.
    private readonly SemaphoreSlim _unconfirmed = new(settings.MaxUnconfirmed);
    private IConnection? _connection;
    private IChannel? _publisher;

    public async Task<IReadOnlyList<SendFailure>> SendAllAsync(
        IReadOnlyList<OutCommand> commands, long commit, CancellationToken cancellation)
    {
        var channel = await PublisherAsync(cancellation);
        using var limit = LimitOf(cancellation);
        var sends = new Task<SendFailure?>[commands.Count];
        for (var i = 0; i < commands.Count; i++)
        {
            var command = commands[i];
#pragma warning disable CA2025 // All are awaited below, before the limit is disposed of.
            sends[i] = PublishAsync(
                channel, command.Queue, PropertiesOf(command, commit), command.Body, i, limit.Token, cancellation);
#pragma warning restore CA2025
        }

        return [.. (await Task.WhenAll(sends)).OfType<SendFailure>()];
    }

    public async Task ConsumeAsync(
        string queue, ushort prefetch, ChannelWriter<Incoming> output, CancellationToken cancellation)
    {
        var backoff = new Backoff(time, random, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(5));
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await using var consumer = await RabbitConsumer.StartAsync(
                    await ConnectAsync("consume " + queue, cancellation), queue, prefetch, output, cancellation);
                PipelineLog.QueueStarted(logger, queue);
                backoff.Reset();
                await consumer.Ended.WaitAsync(cancellation);
                PipelineLog.QueueLost(logger, queue, "the channel closed");
            }
            catch (Exception e) when (Failures.IsPlace(e) && !cancellation.IsCancellationRequested)
            {
                PipelineLog.QueueLost(logger, queue, e.Message);
            }

            await backoff.WaitAsync(cancellation);
        }
    }

    public Task RetryLaterAsync(BusIncoming command, int round, CancellationToken cancellation)
    {
        var properties = new BasicProperties(command.Properties);
        properties.Headers = new Dictionary<string, object?>(properties.Headers ?? new Dictionary<string, object?>())
        {
            [NServiceBusHeaders.DelayedRounds] = (round + 1).ToString(CultureInfo.InvariantCulture),
            [NServiceBusHeaders.RetryTimestamp] = NServiceBusHeaders.Format(time.GetUtcNow()),
        };
        return SendOneAsync(command.Queue + RetryPolicy.Delays[round].Suffix, properties, command.Body, cancellation);
    }

    public Task SendToErrorAsync(BusIncoming command, Exception failure, CancellationToken cancellation)
    {
        var properties = new BasicProperties(command.Properties);
        var headers = new Dictionary<string, object?>(properties.Headers ?? new Dictionary<string, object?>())
        {
            [NServiceBusHeaders.FailedQueue] = command.Queue,
            [NServiceBusHeaders.TimeOfFailure] = NServiceBusHeaders.Format(time.GetUtcNow()),
            [NServiceBusHeaders.ProcessingEndpoint] = settings.Endpoint,
            [NServiceBusHeaders.ProcessingMachine] = Environment.MachineName,
            [NServiceBusHeaders.HostId] = HostId,
            [NServiceBusHeaders.HostDisplayName] = Environment.MachineName,
            [NServiceBusHeaders.ExceptionType] = failure.GetType().FullName,
            [NServiceBusHeaders.ExceptionMessage] = failure.Message,
            [NServiceBusHeaders.ExceptionSource] = failure.Source,
            [NServiceBusHeaders.ExceptionStackTrace] = failure.StackTrace,
        };
        if (failure.InnerException is { } inner)
        {
            headers[NServiceBusHeaders.InnerExceptionType] = inner.GetType().FullName;
        }

        properties.Headers = headers;
        return SendOneAsync(Queues.Error, properties, command.Body, cancellation);
    }

    public async Task DeclareAsync(IReadOnlyList<string> queues, string errorQueue, CancellationToken cancellation)
    {
        await using var connection = await ConnectAsync("declare", cancellation);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellation);
        await BusTopology.DeclareAsync(channel, queues, errorQueue, cancellation);
    }

    public async Task<IReadOnlyDictionary<string, uint>> DepthsAsync(
        IReadOnlyList<string> queues, CancellationToken cancellation)
    {
        await PublisherAsync(cancellation);
        var connection = _connection ?? throw new PlaceException("The connection to RabbitMQ is being opened anew.");

        // A channel of its own: asking for a queue that is not there closes it.
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellation);
        var depths = new Dictionary<string, uint>();
        foreach (var queue in queues)
        {
            depths[queue] = (await channel.QueueDeclarePassiveAsync(queue, cancellation)).MessageCount;
        }

        return depths;
    }

    public async Task<long> PurgeAsync(IReadOnlyList<string> queues, CancellationToken cancellation)
    {
        await using var connection = await ConnectAsync("purge", cancellation);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellation);
        var removed = 0L;
        foreach (var queue in queues)
        {
            // The delayed ones first: what returns from them meanwhile is in the work queue by then.
            foreach (var (suffix, _) in RetryPolicy.Delays)
            {
                removed += await channel.QueuePurgeAsync(queue + suffix, cancellation);
            }

            removed += await channel.QueuePurgeAsync(queue, cancellation);
        }

        return removed;
    }

    public async ValueTask DisposeAsync()
    {
        if (_connection is { } connection)
        {
            await connection.DisposeAsync();
        }

        _opening.Dispose();
        _unconfirmed.Dispose();
    }

    private static string HostId { get; } = Convert.ToHexStringLower(
        System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(Environment.MachineName))[..16]);

    private async Task SendOneAsync(
        string queue, BasicProperties properties, byte[] body, CancellationToken cancellation)
    {
        var channel = await PublisherAsync(cancellation);
        using var limit = LimitOf(cancellation);
        if (await PublishAsync(channel, queue, properties, body, 0, limit.Token, cancellation) is { } failure)
        {
            throw new PlaceException($"RabbitMQ did not take a command for {queue}: {failure.Reason}");
        }
    }

    /// <summary>One for all messages of a row: a timer for each would cost more than the message.</summary>
    private CancellationTokenSource LimitOf(CancellationToken cancellation)
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(settings.Timeout);
        return limit;
    }

    private async Task<SendFailure?> PublishAsync(
        IChannel channel, string queue, BasicProperties properties, byte[] body, int index, CancellationToken limit,
        CancellationToken cancellation)
    {
        await _unconfirmed.WaitAsync(cancellation);
        try
        {
            await channel.BasicPublishAsync(queue, string.Empty, mandatory: true, properties, body, limit);
            PipelineMeter.Published(queue, "confirmed");
            return null;
        }
        catch (PublishException e) when (e.IsReturn)
        {
            // Queues are ours, and come back: a broker that lost its data has the exchange a moment before the queue.
            PipelineMeter.Published(queue, "returned");
            return new(index, $"no queue is bound to {queue}");
        }
        catch (Exception e) when (
            e is PublishException || (Failures.IsPlace(e) && !cancellation.IsCancellationRequested))
        {
            PipelineMeter.Published(queue, "failed");
            return new(index, e.Message);
        }
        finally
        {
            _unconfirmed.Release();
        }
    }

    private BasicProperties PropertiesOf(OutCommand command, long commit)
    {
        var properties = Untraced(command, commit);
        if (command.TraceParent is { } parent)
        {
            properties.Headers![Traces.Header] = parent;
        }

        return properties;
    }

    private BasicProperties Untraced(OutCommand command, long commit) => new()
    {
        ContentType = "application/json",
        DeliveryMode = DeliveryModes.Persistent,
        MessageId = command.MessageId,
        CorrelationId = command.ConversationId,
        Type = command.Type,
        Headers = new Dictionary<string, object?>(9)
        {
            [NServiceBusHeaders.MessageId] = command.MessageId,
            [NServiceBusHeaders.MessageIntent] = "Send",
            [NServiceBusHeaders.ConversationId] = command.ConversationId,
            [NServiceBusHeaders.CorrelationId] = command.ConversationId,
            [NServiceBusHeaders.TimeSent] = NServiceBusHeaders.Format(command.At),
            [NServiceBusHeaders.ContentType] = "application/json",
            [NServiceBusHeaders.EnclosedMessageTypes] = command.Type,
            [NServiceBusHeaders.OriginatingEndpoint] = settings.Endpoint,
            [RecordHeaders.Commit] = commit,
        },
    };

    private async Task<IChannel> PublisherAsync(CancellationToken cancellation)
    {
        if (_publisher is { IsOpen: true } open)
        {
            return open;
        }

        await _opening.WaitAsync(cancellation);
        try
        {
            if (_publisher is { IsOpen: true } opened)
            {
                return opened;
            }

            if (_connection is { } lost)
            {
                _connection = null;
                await lost.DisposeAsync();
            }

            _connection = await ConnectAsync("publish", cancellation);
            _publisher = await _connection.CreateChannelAsync(
                new CreateChannelOptions(
                    publisherConfirmationsEnabled: true,
                    publisherConfirmationTrackingEnabled: true,
                    outstandingPublisherConfirmationsRateLimiter: null),
                cancellation);
            return _publisher;
        }
        finally
        {
            _opening.Release();
        }
    }

    private Task<IConnection> ConnectAsync(string purpose, CancellationToken cancellation) => RabbitNodes.ConnectAsync(
        new()
        {
            // Lost connections are opened anew by our own loops: their channels' unsettled deliveries are void anyway.
            AutomaticRecoveryEnabled = false,
            TopologyRecoveryEnabled = false,
            RequestedConnectionTimeout = settings.Timeout,
            ContinuationTimeout = settings.Timeout,
            RequestedHeartbeat = TimeSpan.FromSeconds(10),
            ClientProvidedName = settings.Endpoint + " " + purpose,
        },
        settings.Uri, cancellation);
}
