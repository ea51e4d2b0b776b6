using System.Diagnostics;
using System.Threading.Channels;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Telemetry;
using CardShop.Shop.Channels;
using CardShop.Shop.Channels.Resilience;
using CardShop.Shop.Store;
using CardShop.Shop.Telemetry;
using Microsoft.Extensions.Logging;

namespace CardShop.Shop.Payments;

/// <summary>
/// The act before the batch: reads the sagas of payment commands without locks, calls the provider, and passes each
/// command on with its own outcome as soon as that is known. No transaction is open meanwhile.
/// </summary>
/// <param name="places">
/// The channel's bulkhead. A command waits for its place before its saga is read, so that what it does follows from what is
/// true then. The queue's prefetch bounds the commands that wait here.
/// </param>
public sealed class PaymentActor(
    IPaymentChannel channel, IShopStore store, RollbackFence fence, ChannelWriter<Incoming> output, CallPlaces places,
    TimeProvider time, Random random, ILogger<PaymentActor> logger)
{
    private static readonly BatchOptions Gather = new(100, TimeSpan.FromMilliseconds(2), 1024 * 1024);

    /// <summary>The answer's code where no call was made, as its order needs it no more.</summary>
    private const string Superseded = "SUPERSEDED";

    public async Task RunAsync(ChannelReader<Incoming> commands, CancellationToken cancellation)
    {
        var collector = new BatchCollector(Gather, time);
        while (!cancellation.IsCancellationRequested)
        {
            var batch = await collector.NextAsync(commands, cancellation);
            if (batch.Count == 0)
            {
                return;
            }

            for (var begun = 0; begun < batch.Count;)
            {
                var (count, round) = await places.TakeAsync(batch.Count - begun, cancellation);
                var part = batch.GetRange(begun, count);
                var sagas = await ReadAsync(part, cancellation);
                foreach (var command in part.Cast<BusIncoming>())
                {
                    _ = ActAsync(command, sagas, round, cancellation);
                }

                begun += count;
            }
        }
    }

    /// <summary>
    /// Reads the sagas that decoded commands name; waits out an absent or fenced database. A command whose saga this version
    /// cannot read becomes a poisoned one, alone.
    /// </summary>
    private async Task<IReadOnlyDictionary<string, PaymentSaga>> ReadAsync(
        List<Incoming> batch, CancellationToken cancellation)
    {
        foreach (var message in batch)
        {
            message.Message = DecodeOrPoison(message);
        }

        var ids = batch.Select(m => OrderIdOf(m.Message!)).OfType<string>().ToHashSet();
        var backoff = new Backoff(time, random, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(5));
        while (true)
        {
            try
            {
                var (opening, sagas) = await store.ReadPaymentsAsync(ids, cancellation);
                fence.Require(string.Empty, opening, batch.Max(m => m.Commit));
                return sagas;
            }
            catch (Exception e) when (Failures.IsPlace(e) && !cancellation.IsCancellationRequested)
            {
                ShopLog.ActFailed(logger, batch.Count, e.Message);
                await backoff.WaitAsync(cancellation);
            }
#pragma warning disable CA1031 // Whatever a document makes the code throw is that order's failure, and no other's.
            catch (Exception e) when (!cancellation.IsCancellationRequested)
#pragma warning restore CA1031
            {
                return await ReadEachAsync(batch, e, cancellation);
            }
        }
    }

    private async Task<IReadOnlyDictionary<string, PaymentSaga>> ReadEachAsync(
        List<Incoming> batch, Exception failure, CancellationToken cancellation)
    {
        if (batch.Count == 1)
        {
            batch[0].Message = new PoisonMessageException("The order's saga cannot be read", failure);
            return new Dictionary<string, PaymentSaga>();
        }

        var all = new Dictionary<string, PaymentSaga>();
        foreach (var command in batch)
        {
            foreach (var (id, saga) in await ReadAsync([command], cancellation))
            {
                all[id] = saga;
            }
        }

        return all;
    }

    private async Task ActAsync(
        BusIncoming command, IReadOnlyDictionary<string, PaymentSaga> sagas, int round, CancellationToken cancellation)
    {
        try
        {
            await AnswerAsync(command, sagas, round, cancellation);
            await output.WriteAsync(command, cancellation);
        }
        catch (OperationCanceledException)
        {
            // Stopping: the command was not acknowledged, so it comes again.
        }
        catch (ChannelClosedException)
        {
            // The same.
        }
    }

    /// <summary>The call, if the command asks for one; its place is free again afterwards.</summary>
    private async Task AnswerAsync(
        BusIncoming command, IReadOnlyDictionary<string, PaymentSaga> sagas, int round, CancellationToken cancellation)
    {
        ChannelAnswer? answer = null;
        var call = command.Message!.GetType().Name;
        var began = time.GetTimestamp();
        try
        {
            if (OrderIdOf(command.Message!) is { } id)
            {
                using var scope = LogScopes.Order(logger, id);
                using var span = Traces.Start(
                    $"{channel.Name} {command.Message!.GetType().Name}", ActivityKind.Client,
                    command.TraceParent ?? sagas.GetValueOrDefault(id)?.Order?.Trace);
                command.Message = await CallAsync(command.Message!, sagas.GetValueOrDefault(id), id, cancellation);
                answer = AnswerOf(command.Message);
            }
        }
        finally
        {
            places.Return(round, call, answer, time.GetElapsedTime(began));
        }
    }

    private async Task<object> CallAsync(object command, PaymentSaga? saga, string id, CancellationToken cancellation)
    {
        switch (command)
        {
            case RequestPayment m when saga is { Status: PaymentStatus.Reserved, Attempts: [.., var last] }
                && last.Number == m.Number && AttemptOf(saga, m.Number) is { } attempt:
                return new PaymentMessage.Requested(
                    id, m.Number, await CallAsync("create", m.Number, () => channel.CreateAsync(attempt, cancellation)));
            case RequestPayment m when saga?.Attempts.FirstOrDefault(a => a.Number == m.Number) is { Closed: true, Link: null }:
                // Whoever had it before may have called, and not lived to say so.
                return new PaymentMessage.Requested(id, m.Number, new(ChannelResult.Unknown, Code: Superseded));
            case CheckPayment m when saga is { Order: not null }:
                return new PaymentMessage.Checked(
                    id, m.Number,
                    await CallAsync("query", m.Number, () => channel.QueryAsync(
                        AttemptOf(saga, m.Number) ?? UnknownAttempt(saga, m.Number), cancellation)));
            case ClosePayment m when saga is not null && AttemptOf(saga, m.Number) is { } attempt:
                return new PaymentMessage.CloseAnswered(
                    id, m.Number, await CallAsync("close", m.Number, () => channel.CloseAsync(attempt, cancellation)),
                    m.SagaVersion);
            case RefundPayment m when saga is not null
                && RefundOf(saga, m) is var (paid, refund) && refund.State == RefundState.Asked:
                var request = new RefundRequest(
                    AttemptOf(saga, m.Number) ?? UnknownAttempt(saga, m.Number), m.RefundNumber, refund.Amount,
                    refund.Reason, refund.AskedAt, paid.TradeNo);
                return new PaymentMessage.RefundAnswered(
                    id, m.Number, m.RefundNumber,
                    await CallAsync("refund", m.Number, () => channel.RefundAsync(request, cancellation)), m.SagaVersion);
            default:
                return new PaymentMessage.Unneeded(id);
        }
    }

    private async Task<ChannelAnswer> CallAsync(string call, string number, Func<Task<ChannelAnswer>> act)
    {
        var started = time.GetTimestamp();
        try
        {
            var answer = await act();
            ShopMeter.ProviderCall(channel.Name, call, answer, time.GetElapsedTime(started));
            // An open breaker is said once, by the channel's watch, and not for every order that meets it.
            if (answer.Result is ChannelResult.Unknown or ChannelResult.Refused && answer.Code != ProviderFailures.CircuitOpen)
            {
                ShopLog.ChannelAnswered(logger, channel.Name, call, number, answer.Result.ToString(), answer.Code);
            }

            return answer;
        }
        catch (OperationCanceledException)
        {
            throw;
        }
#pragma warning disable CA1031 // A fault in a channel is an outcome of this one call: whether money moved is unknown.
        catch (Exception e)
#pragma warning restore CA1031
        {
            ShopLog.ChannelFailed(logger, e, channel.Name, call, number);
            var failed = new ChannelAnswer(ChannelResult.Unknown, Code: e.GetType().Name);
            ShopMeter.ProviderCall(channel.Name, call, failed, time.GetElapsedTime(started));
            return failed;
        }
    }

    private static object DecodeOrPoison(Incoming message)
    {
        try
        {
            return Orders.OrderMessages.Decode(message);
        }
        catch (PoisonMessageException e)
        {
            // The batch loop gives it up.
            return e;
        }
    }

    private static string? OrderIdOf(object command) => command switch
    {
        RequestPayment m => m.OrderId,
        CheckPayment m => m.OrderId,
        ClosePayment m => m.OrderId,
        RefundPayment m => m.OrderId,
        _ => null,
    };

    private static ChannelAnswer? AnswerOf(object outcome) => outcome switch
    {
        PaymentMessage.Requested m when m.Answer is { IsLocal: false } and not { Code: Superseded } => m.Answer,
        PaymentMessage.Checked m => m.Answer,
        PaymentMessage.CloseAnswered m => m.Answer,
        PaymentMessage.RefundAnswered m => m.Answer,
        _ => null,
    };

    private static PaymentRequest? AttemptOf(PaymentSaga saga, string number) =>
        saga.Attempts.FirstOrDefault(a => a.Number == number) is { } a
            ? new(a.Number, a.Profile, a.Amount, a.Currency, a.Text, a.OpenedAt, a.ExpiresAt)
            : null;

    private static (ReceivedPayment Payment, PaymentRefund Refund)? RefundOf(PaymentSaga saga, RefundPayment command)
    {
        foreach (var payment in saga.Payments)
        {
            if (payment.Refunds?.FirstOrDefault(r => r.Number == command.RefundNumber) is { } refund)
            {
                return (payment, refund);
            }
        }

        return null;
    }

    /// <summary>
    /// A notification or a statement named a number that the saga does not know, or an order that nobody placed: the
    /// provider is asked about it all the same.
    /// </summary>
    internal static PaymentRequest UnknownAttempt(PaymentSaga saga, string number)
    {
        var claim = saga.Claims?.LastOrDefault(c => c.Number == number);
        return saga.Order is { } placed
            ? OfKnown(saga, placed, number, claim)
            : OfUnknown(number, claim);
    }

    /// <summary>Some providers find a trade by its number and time together: what the notification said of it counts.</summary>
    private static PaymentRequest OfKnown(PaymentSaga saga, OrderPlaced placed, string number, PaymentClaim? claim)
    {
        var profile = claim?.Profile ?? (saga.Attempts.Count > 0 ? saga.Attempts[0].Profile : string.Empty);
        var openedAt = claim?.OrderedAt ?? placed.AcceptedAt;
        return new(
            number, profile, claim?.Amount ?? placed.Amount, placed.Currency, placed.ProductName, openedAt,
            openedAt + TimeSpan.FromSeconds(placed.HoldSeconds));
    }

    private static PaymentRequest OfUnknown(string number, PaymentClaim? claim)
    {
        var at = claim?.OrderedAt ?? claim?.At ?? DateTimeOffset.UnixEpoch;
        return new(number, claim?.Profile ?? string.Empty, claim?.Amount ?? 0, "CNY", number, at, at);
    }
}
