using CardShop.Pipeline.Batches;
using RabbitMQ.Client;

namespace CardShop.Pipeline.Bus;

/// <summary>
/// NServiceBus's conventional topology: per endpoint a fanout exchange and a quorum queue of the same name. Beside each
/// work queue its delayed queues, whose messages return when their time is up. What the broker itself gives up on
/// goes to the error queue, at least once.
/// </summary>
internal static class BusTopology
{
    /// <summary>Deliveries of one message before the broker takes it for poison; our own policy comes long before.</summary>
    private const int DeliveryLimit = 50;

    public static async Task DeclareAsync(
        IChannel channel, IReadOnlyList<string> queues, string errorQueue, CancellationToken cancellation)
    {
        await EndpointAsync(channel, errorQueue, [], cancellation);
        foreach (var queue in queues)
        {
            await EndpointAsync(
                channel, queue,
                new()
                {
                    ["x-delivery-limit"] = DeliveryLimit,
                    ["x-dead-letter-exchange"] = errorQueue,
                    ["x-dead-letter-strategy"] = "at-least-once",
                    ["x-overflow"] = "reject-publish",
                },
                cancellation);
            foreach (var (suffix, delay) in RetryPolicy.Delays)
            {
                await EndpointAsync(
                    channel, queue + suffix,
                    new()
                    {
                        ["x-message-ttl"] = (long)delay.TotalMilliseconds,
                        ["x-dead-letter-exchange"] = queue,
                        ["x-dead-letter-strategy"] = "at-least-once",
                        ["x-overflow"] = "reject-publish",
                    },
                    cancellation);
            }
        }
    }

    private static async Task EndpointAsync(
        IChannel channel, string name, Dictionary<string, object?> arguments, CancellationToken cancellation)
    {
        arguments["x-queue-type"] = "quorum";
        await channel.ExchangeDeclareAsync(name, ExchangeType.Fanout, durable: true, cancellationToken: cancellation);
        await channel.QueueDeclareAsync(
            name, durable: true, exclusive: false, autoDelete: false, arguments, cancellationToken: cancellation);
        await channel.QueueBindAsync(name, name, string.Empty, cancellationToken: cancellation);
    }
}
