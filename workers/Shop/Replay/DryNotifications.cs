using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Outbox;
using CardShop.Shop.Partners;
using CardShop.Shop.Store;

namespace CardShop.Shop.Replay;

/// <summary>What the notifications fleet would do with events, without doing it.</summary>
/// <param name="inner">Decodes alone.</param>
public sealed class DryNotifications(
    IBatchWork inner, IReadOnlyList<Subscription> subscriptions, DryPositions positions) : IBatchWork
{
    public string Name => inner.Name;

    public object Decode(Incoming message) => inner.Decode(message);

    public Task<OutboxRow?> RunAsync(IReadOnlyList<Incoming> batch, CancellationToken cancellation)
    {
        var fresh = new PositionFilter(positions.Next).Take(batch);
        foreach (var message in fresh.Messages)
        {
            message.Outcome = message.Message switch
            {
                PartnerEvent e when subscriptions.Any(s => s.Wants(e)) => MessageOutcome.Changed,
                PartnerEvent => MessageOutcome.Repeat,
                _ => MessageOutcome.None,
            };
        }

        positions.Move(fresh.Moves);
        return Task.FromResult<OutboxRow?>(null);
    }

    public Task<OutboxRow?> GiveUpAsync(Incoming message, Exception failure, CancellationToken cancellation) =>
        throw new NotSupportedException("A dry pass gives nothing up.");

    public void Committed(IReadOnlyList<Incoming> batch)
    {
        // Nothing was.
    }
}
