using CardShop.Contracts;
using CardShop.Pipeline;
using RabbitMQ.Client;

namespace CardShop.Shopctl.Errors;

/// <summary>What is to become of a message.</summary>
internal enum ErrorVerdict
{
    /// <summary>It stays where it is.</summary>
    Keep,

    /// <summary>It goes back to its queue.</summary>
    Retry,

    /// <summary>It goes away.</summary>
    Discard,
}

/// <summary>
/// The error queue, read without losing anything: messages are held unacknowledged and given back. One that goes elsewhere is
/// acknowledged only when the broker has confirmed its copy there, so a crash leaves it here, or in both places; its repeat
/// changes nothing.
/// </summary>
internal sealed class ErrorQueue(IConnection connection, TimeSpan limit, TimeProvider time)
{
    /// <summary>Messages that are held at once; the queue may be longer.</summary>
    public const int MostAtOnce = 5_000;

    /// <summary>
    /// A quorum queue drops what was given back too often (20 times, where nothing else is set). Before that a fresh copy
    /// takes the message's place.
    /// </summary>
    private const long MostReturns = 10;

    /// <summary>Looks at the messages, the oldest first, and does with each what is said.</summary>
    /// <param name="before">Called before a message goes anywhere; it stays where this throws.</param>
    /// <param name="after">Called when a message has gone, before the next is looked at.</param>
    /// <returns>All that were looked at, in order, with what became of them, and whether there are more.</returns>
    public async Task<(IReadOnlyList<(ErrorMessage Message, ErrorVerdict Verdict)> Messages, bool More)> VisitAsync(
        int most, Func<ErrorMessage, ErrorVerdict> judge, Func<ErrorMessage, Task> before, Func<ErrorMessage, Task> after,
        CancellationToken cancellation)
    {
        await using var channel = await connection.CreateChannelAsync(
            new CreateChannelOptions(
                publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true,
                outstandingPublisherConfirmationsRateLimiter: null),
            cancellation);
        var held = new List<BasicGetResult>();
        var more = false;
        while (held.Count < most && await channel.BasicGetAsync(Queues.Error, autoAck: false, cancellation) is { } got)
        {
            // Its body is only valid until the next call.
            held.Add(new(
                got.DeliveryTag, got.Redelivered, got.Exchange, got.RoutingKey, got.MessageCount, got.BasicProperties, got.Body.ToArray()));
            more = got.MessageCount > 0;
        }

        var seen = new List<(ErrorMessage, ErrorVerdict)>(held.Count);
        foreach (var got in held)
        {
            cancellation.ThrowIfCancellationRequested();
            var message = ErrorMessage.Of(got.BasicProperties, got.Body.Length);
            var verdict = judge(message);
            if (verdict != ErrorVerdict.Keep)
            {
                await before(message);
            }

            seen.Add((message, verdict));
            await SettleAsync(channel, got, message, verdict, cancellation);
            if (verdict != ErrorVerdict.Keep)
            {
                await after(message);
            }
        }

        return (seen, more);
    }

    private async Task SettleAsync(
        IChannel channel, BasicGetResult got, ErrorMessage message, ErrorVerdict verdict, CancellationToken cancellation)
    {
        switch (verdict)
        {
            case ErrorVerdict.Retry:
                await PublishAsync(channel, message.Queue!, ErrorMessage.Renewed(got.BasicProperties), got.Body, cancellation);
                await channel.BasicAckAsync(got.DeliveryTag, multiple: false, cancellation);
                break;
            case ErrorVerdict.Discard:
                await channel.BasicAckAsync(got.DeliveryTag, multiple: false, cancellation);
                break;
            case ErrorVerdict.Keep when message.Returned >= MostReturns:
                await PublishAsync(channel, Queues.Error, ErrorMessage.Copied(got.BasicProperties), got.Body, cancellation);
                await channel.BasicAckAsync(got.DeliveryTag, multiple: false, cancellation);
                break;
            case ErrorVerdict.Keep:
            default:
                await channel.BasicNackAsync(got.DeliveryTag, multiple: false, requeue: true, cancellation);
                break;
        }
    }

    /// <summary>Returns when the broker has confirmed it.</summary>
    private async Task PublishAsync(
        IChannel channel, string queue, BasicProperties properties, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var timer = new CancellationTokenSource(limit, time);
        await using var expired = timer.Token.Register(both.Cancel);
        try
        {
            await channel.BasicPublishAsync(queue, string.Empty, mandatory: true, properties, body, both.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new PlaceException($"RabbitMQ did not confirm a message for {queue} within {limit.TotalSeconds} s; it is still in the error queue");
        }
        catch (RabbitMQ.Client.Exceptions.PublishException e)
        {
            throw new PlaceException($"RabbitMQ did not take a message for {queue}: {(e.IsReturn ? "no such queue" : e.Message)}", e);
        }
    }
}
