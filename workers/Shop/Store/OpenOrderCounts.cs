using CardShop.Contracts;

namespace CardShop.Shop.Store;

/// <summary>Unpaid orders per contact and network: as PostgreSQL has them, and as the batch changes them.</summary>
internal sealed class OpenOrderCounts
{
    private readonly Dictionary<string, int> _contacts = [];
    private readonly Dictionary<string, int> _networks = [];

    public OpenOrders Counted { get; set; } = OpenOrders.None;

    public int OfContact(OrderPlaced? order) => order is null
        ? 0
        : Counted.OfContact.GetValueOrDefault(order.ContactHash) + _contacts.GetValueOrDefault(order.ContactHash);

    public int OfNetwork(OrderPlaced? order) => order?.NetworkHash is not { } network
        ? 0
        : Counted.OfNetwork.GetValueOrDefault(network) + _networks.GetValueOrDefault(network);

    /// <summary>An order of the batch was opened or came to an end.</summary>
    public void Note(PaymentSaga? before, PaymentSaga? after)
    {
        var change = (IsOpen(after) ? 1 : 0) - (IsOpen(before) ? 1 : 0);
        if (change != 0 && after?.Order is { NetworkHash: { } network } order)
        {
            _contacts[order.ContactHash] = _contacts.GetValueOrDefault(order.ContactHash) + change;
            _networks[network] = _networks.GetValueOrDefault(network) + change;
        }
    }

    private static bool IsOpen(PaymentSaga? saga) =>
        saga is { Status: PaymentStatus.Reserved or PaymentStatus.AwaitingPayment };
}
