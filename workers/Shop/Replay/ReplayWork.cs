using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Pipeline.Outbox;

namespace CardShop.Shop.Replay;

/// <summary>
/// The fleet's own work over a range: what is not meant is passed over, what cannot be processed is given up once, and
/// what everything came to is counted.
/// </summary>
/// <param name="isLetter">True for a record that lies on shop.dead-letters.v1 already: it is not put there again.</param>
/// <param name="dry">Nothing is sent and nothing given up; the inner work saves nothing.</param>
public sealed class ReplayWork(
    IBatchWork inner, ReplayTopic topic, ReplayFilter filter, Func<PartitionKey, long, bool> isLetter, ReplayTally tally,
    bool dry) : IBatchWork
{
    private string _reason = string.Empty;
    private bool _known;

    public string Name => inner.Name;

    public object Decode(Incoming message)
    {
        var record = (LogIncoming)message;
        try
        {
            var decoded = inner.Decode(message);
            return filter.Takes(topic, record, decoded) ? decoded : PassedOver.Instance;
        }
        catch (PoisonMessageException) when (!filter.TakesUnread(topic, record))
        {
            return PassedOver.Instance;
        }
    }

    public async Task<OutboxRow?> RunAsync(IReadOnlyList<Incoming> batch, CancellationToken cancellation)
    {
        var row = await inner.RunAsync(batch, cancellation);
        return dry ? null : row;
    }

    public async Task<OutboxRow?> GiveUpAsync(Incoming message, Exception failure, CancellationToken cancellation)
    {
        var record = (LogIncoming)message;
        _known = isLetter(record.Partition, record.Offset);
        _reason = failure is PoisonMessageException ? failure.Message : $"{failure.GetType().Name}: {failure.Message}";
        if (!dry && !_known)
        {
            return await inner.GiveUpAsync(message, failure, cancellation);
        }

        // Its order has its case since the first time; an operator may have closed that.
        var decoded = message.Message;
        message.Message = PassedOver.Instance;
        await inner.RunAsync([message], cancellation);
        message.Message = decoded;
        message.Outcome = MessageOutcome.GivenUp;
        return null;
    }

    public void Committed(IReadOnlyList<Incoming> batch)
    {
        inner.Committed(batch);
        foreach (var message in batch)
        {
            if (message.Outcome == MessageOutcome.GivenUp && message is LogIncoming record)
            {
                tally.Refuse(new(PlaceOf(record), _reason, ReplayFilter.OrderOf(message.Message), _known));
            }
            else
            {
                tally.Add(message);
            }
        }
    }

    private static string PlaceOf(LogIncoming record) =>
        $"{record.Partition.Topic}[{record.Partition.Partition}]@{record.Offset}";
}
