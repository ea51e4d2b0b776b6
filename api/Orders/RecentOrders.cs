namespace CardShop.Api.Orders;

/// <summary>What this instance remembers of an order with an Idempotency-Key: small, as there are many.</summary>
/// <param name="BodyHash">Of what the buyer asked for.</param>
/// <param name="Currency">The catalog's own text.</param>
public readonly record struct RecentOrder(
    UInt128 BodyHash, int Partition, long Offset, DateTimeOffset AcceptedAt, string Currency, long Minor);

/// <summary>
/// The last orders with an Idempotency-Key, by id: a repeat is answered from here, another body under the same key is
/// refused. Bounded: two generations, the older one is dropped when the younger is full. Nothing depends on it; a
/// repeat that is not remembered is written again, and the sagas take it for what it is.
/// </summary>
public sealed class RecentOrders(int generation = 20_000)
{
    private readonly Lock _lock = new();
    private Dictionary<string, RecentOrder> _young = [];
    private Dictionary<string, RecentOrder> _old = [];

    public RecentOrder? Find(string orderId)
    {
        lock (_lock)
        {
            return _young.TryGetValue(orderId, out var order) || _old.TryGetValue(orderId, out order) ? order : null;
        }
    }

    public void Add(string orderId, RecentOrder order)
    {
        lock (_lock)
        {
            if (_young.Count >= generation)
            {
                (_young, _old) = (_old, _young);
                _young.Clear();
            }

            _young.TryAdd(orderId, order);
        }
    }
}
