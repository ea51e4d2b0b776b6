using System.Globalization;
using System.Text;
using CardShop.Contracts;
using CardShop.Shop.Orders;
using CardShop.Shop.Reconciliation;

namespace CardShop.Tests.Unit.Reconciliation;

/// <summary>The shop's side in memory, and the provider's side as a plain statement of the same money.</summary>
internal sealed class Books : IRecordedOrders
{
    private readonly Dictionary<string, PaymentSaga> _sagas = [];

    public static readonly DateTimeOffset Noon = new(2026, 3, 5, 12, 0, 0, TimeSpan.FromHours(8));

    public HashSet<string> Archived { get; } = [];

    /// <summary>What the provider has.</summary>
    public List<StatementLine> Statement { get; } = [];

    public PaymentSaga this[string id] { get => _sagas[id]; set => _sagas[id] = value; }

    public static string IdOf(int order) => "a" + string.Concat(order.ToString("D25", CultureInfo.InvariantCulture).Select(c => (char)('a' + (c - '0'))));

    /// <summary>A paid order, known alike to both sides.</summary>
    public string Pay(int order, DateTimeOffset? at = null, long amount = 1_000, long refunded = 0, string profile = "default")
    {
        var id = IdOf(order);
        var number = OrderIds.ProviderNumber(id, 1);
        var time = at ?? Noon;
        var refund = new PaymentRefund(number + "R1", refunded, RefundState.Done, time, "asked for");
        _sagas[id] = new(
            id, PaymentStatus.Paid, Orders.An.Order(id) with { Amount = amount }, false,
            [new(number, "alipay", profile, amount, "CNY", "Card", time, time)],
            [new(number, "t" + order, amount, time, "notification", PaymentUse.Order, refunded > 0 ? [refund] : null)], [], null);
        Statement.Add(new(0, number, "t" + order, MoneyKind.Payment, amount, "CNY", time));
        if (refunded > 0)
        {
            Statement.Add(new(0, number, null, MoneyKind.Refund, refunded, "CNY", time, refund.Number));
        }

        return id;
    }

    public void Forget(string id) => _sagas.Remove(id);

    public PaymentSaga Change(string id, Func<ReceivedPayment, ReceivedPayment> change) =>
        _sagas[id] = _sagas[id] with { Payments = [.. _sagas[id].Payments.Select(change)] };

    public void ChangeLine(string id, MoneyKind kind, Func<StatementLine, StatementLine> change)
    {
        var at = Statement.FindIndex(l => l.Number.StartsWith(id, StringComparison.Ordinal) && l.Kind == kind);
        Statement[at] = change(Statement[at]);
    }

    public void DropLine(string id, MoneyKind kind) =>
        Statement.RemoveAll(l => l.Number.StartsWith(id, StringComparison.Ordinal) && l.Kind == kind);

    public async Task<(ReconciliationReport Report, MatchScope Scope)> ReconcileAsync(
        DateOnly? date = null, string? profile = null, int maxFindings = 1_000, DateTimeOffset? now = null, bool dated = true)
    {
        var report = new ReconciliationReport(maxFindings);
        var reconciler = new Reconciler(
            this, new("alipay", profile, "a", dated ? date ?? new DateOnly(2026, 3, 5) : null, now ?? Noon + TimeSpan.FromDays(1)), report);
        using var file = new MemoryStream(Encoding.UTF8.GetBytes(
            string.Join('\n', [Statements.PlainHeader, .. Statement.Select(Statements.Plain)])));
        await reconciler.ReadAsync("plain.csv", new(file, Noon + TimeSpan.FromDays(1)), () => { }, CancellationToken.None);
        await reconciler.FinishAsync(() => { }, CancellationToken.None);
        return (report, reconciler.Scope!);
    }

    public Task<RecordedOrders> LoadAsync(IReadOnlyCollection<string> orderIds, CancellationToken cancellation) =>
        Task.FromResult(new RecordedOrders(
            orderIds.Where(_sagas.ContainsKey).ToDictionary(i => i, i => _sagas[i]), orderIds.Where(Archived.Contains).ToHashSet()));

    public async IAsyncEnumerable<IReadOnlyList<PaymentSaga>> BookedAsync(
        DateTimeOffset from, DateTimeOffset to,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        // More than asked for, and some of it twice: as the interface allows.
        yield return [.. _sagas.Values];
        await Task.Yield();
        yield return [.. _sagas.Values.Where(s => s.Payments.Any(p => p.Refunds is not null))];
    }
}
