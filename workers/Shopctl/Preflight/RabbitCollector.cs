using System.Security.Cryptography;
using System.Text;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Bus;
using CardShop.Shopctl.Servers;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace CardShop.Shopctl.Preflight;

/// <summary>
/// Asks RabbitMQ. Queues are declared again as they are, which changes nothing and shows every difference; a message is
/// published in a transaction that is rolled back.
/// </summary>
internal static class RabbitCollector
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Farewell = TimeSpan.FromMilliseconds(300);

    public static async Task<RabbitFacts> AskAsync(ShopServers servers, CancellationToken cancellation)
    {
        var connection = await ConnectAsync(servers.Settings.Rabbit, cancellation);
        try
        {
            var blocked = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
            connection.ConnectionBlockedAsync += (_, e) =>
            {
                blocked.TrySetResult(e.Reason);
                return Task.CompletedTask;
            };
            var missing = new List<string>();
            foreach (var queue in Queues.Work.SelectMany(q => RetryPolicy.Delays.Select(d => q + d.Suffix).Prepend(q)).Append(Queues.Error))
            {
                if (!await IsThereAsync(connection, queue, cancellation))
                {
                    missing.Add(queue);
                }
            }

            var topology = missing.Count == 0 ? await TryDeclareAsync(servers, cancellation) : null;
            var publishing = TryPublishAsync(connection, missing.Count == 0, cancellation);
            // A broker with an alarm stops reading at the first message and says why: the rest is then not answered.
            await Task.WhenAny((Task)publishing, blocked.Task);
            var reason = blocked.Task.IsCompleted ? await blocked.Task : null;
            return new(
                Property(connection, "product"), Property(connection, "version"), missing, topology,
                reason is null ? await publishing : null, reason);
        }
        finally
        {
            // A broker that has stopped reading answers no farewell either: the connection then ends with the process.
            await Task.WhenAny(LeaveAsync(connection), Task.Delay(2 * Farewell, servers.Time, CancellationToken.None));
        }
    }

    private static async Task LeaveAsync(IConnection connection)
    {
        await connection.CloseAsync(Constants.ReplySuccess, "done", Farewell, abort: true, CancellationToken.None);
        await connection.DisposeAsync();
    }

    private static async Task<IConnection> ConnectAsync(Uri uri, CancellationToken cancellation)
    {
        try
        {
            return await RabbitNodes.ConnectAsync(
                new()
                {
                    AutomaticRecoveryEnabled = false,
                    TopologyRecoveryEnabled = false,
                    RequestedConnectionTimeout = Limit,
                    ContinuationTimeout = Limit,
                    ClientProvidedName = "cardshop-preflight",
                },
                uri, cancellation);
        }
        catch (BrokerUnreachableException e)
        {
            // Its own message says nothing; what is inside says that the port is closed, or that the log-in is refused.
            throw new PlaceException(Innermost(e).Message, e);
        }
    }

    private static Exception Innermost(Exception failure)
    {
        while (failure.InnerException is { } inner)
        {
            failure = inner;
        }

        return failure;
    }

    private static string Property(IConnection connection, string name) =>
        connection.ServerProperties?.TryGetValue(name, out var value) == true && value is byte[] text
            ? Encoding.UTF8.GetString(text)
            : "?";

    private static async Task<bool> IsThereAsync(IConnection connection, string queue, CancellationToken cancellation)
    {
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellation);
        try
        {
            await channel.QueueDeclarePassiveAsync(queue, cancellation);
            return true;
        }
        catch (OperationInterruptedException e) when (e.ShutdownReason?.ReplyCode == Constants.NotFound)
        {
            return false;
        }
    }

    private static async Task<string?> TryDeclareAsync(ShopServers servers, CancellationToken cancellation)
    {
        try
        {
            await servers.Bus.DeclareAsync(Queues.Work, Queues.Error, cancellation);
            return null;
        }
        catch (OperationInterruptedException e)
        {
            return e.ShutdownReason?.ReplyText ?? e.Message;
        }
    }

    private static async Task<string?> TryPublishAsync(IConnection connection, bool queuesThere, CancellationToken cancellation)
    {
        try
        {
            // Closed with its connection: where the broker is blocked, a channel's own end is not answered.
            var channel = await connection.CreateChannelAsync(cancellationToken: cancellation);
            var exchange = Queues.Delivery;
            if (!queuesThere)
            {
                exchange = "cardshop.preflight." + RandomNumberGenerator.GetHexString(8, lowercase: true);
                await channel.QueueDeclareAsync(
                    exchange, durable: false, exclusive: true, autoDelete: true, cancellationToken: cancellation);
                await channel.ExchangeDeclareAsync(
                    exchange, ExchangeType.Fanout, durable: false, autoDelete: true, cancellationToken: cancellation);
                await channel.QueueBindAsync(exchange, exchange, string.Empty, cancellationToken: cancellation);
            }

            await channel.TxSelectAsync(cancellation);
            await channel.BasicPublishAsync(exchange, string.Empty, "preflight"u8.ToArray(), cancellation);
            await channel.TxRollbackAsync(cancellation);
            if (!queuesThere)
            {
                // The exchange goes with its last binding.
                await channel.QueueDeleteAsync(exchange, cancellationToken: cancellation);
            }

            return null;
        }
        catch (OperationInterruptedException e)
        {
            return e.ShutdownReason?.ReplyText ?? e.Message;
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException or AlreadyClosedException)
        {
            return "a message was not taken within 2 s";
        }
    }
}
