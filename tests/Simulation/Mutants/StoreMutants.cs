using CardShop.Contracts;
using CardShop.Shop.Stock;
using CardShop.Shop.Store;
using CardShop.Tests.Simulation.Engine;
using CardShop.Tests.Simulation.Servers;
using CardShop.Tests.Simulation.World;

namespace CardShop.Tests.Simulation.Mutants;

/// <summary>Bugs in what a transaction loads and saves.</summary>
internal sealed class StoreMutant(
    string name, string breaks, Func<SimStoreClient, ShopWorld, SimProcess, IShopStore> wrap) : Mutant(name, breaks)
{
    public static IReadOnlyList<Mutant> All { get; } =
    [
        new StoreMutant(
            "no-version-check", "Documents are loaded without a lock and written over, whatever version they have by then.",
            (client, world, _) => new StoreShell(client)
            {
                AfterLoad = t => ((SimTransaction)t).Unlock(),
                OnSave = (save, _, next) => next(save with
                {
                    Payments = [.. save.Payments.Select(p => p with { LoadedVersion = VersionOf(world, p.Document) })],
                    Deliveries = [.. save.Deliveries.Select(d => d with { LoadedVersion = VersionOf(world, d.Document) })],
                }),
            }),
        new StoreMutant(
            "offset-before-commit", "A batch's positions are committed before its documents.",
            (client, world, process) => new StoreShell(client)
            {
                OnSave = async (save, _, next) =>
                {
                    if (save.Progress.Count == 0)
                    {
                        return await next(save);
                    }

                    await using (var early = await world.Store.Connect(process).BeginAsync(CancellationToken.None))
                    {
                        await early.SaveAsync(
                            save with
                            {
                                Payments = [],
                                Deliveries = [],
                                Sales = [],
                                Stock = new Dictionary<StockKey, StockDelta>(),
                                Records = [],
                                Commands = [],
                            },
                            CancellationToken.None);
                    }

                    return await next(save with { Progress = [] });
                },
            }),
        new StoreMutant(
            "missing-guard", "A delivered order is taken for one that still waits for its keys.",
            (client, _, _) => new StoreShell(client)
            {
                OnLoad = l => l with
                {
                    Deliveries = l.Deliveries.ToDictionary(d => d.Key, d => d.Value.Status == DeliveryStatus.Delivered
                        ? d.Value with { Status = DeliveryStatus.Allocating, Reserved = true }
                        : d.Value),
                },
            }),
        new StoreMutant(
            "forgotten-notifications", "Notifications that were booked are not recognised when they come again.",
            (client, _, _) => new StoreShell(client)
            {
                OnLoad = l => l with
                {
                    Payments = l.Payments.ToDictionary(
                        p => p.Key, p => p.Value.Status == PaymentStatus.Paid
                            ? p.Value with { Notifications = [], Payments = [], Status = PaymentStatus.AwaitingPayment }
                            : p.Value),
                },
            }),
        new StoreMutant(
            "released-twice", "The stock of an order that ended unpaid is given back twice.",
            (client, _, _) => new StoreShell(client)
            {
                OnSave = (save, _, next) => next(save with
                {
                    Stock = save.Stock.ToDictionary(
                        s => s.Key, s => s.Value is { Available: > 0, Imported: 0 } ? s.Value + s.Value : s.Value),
                }),
            }),
        new StoreMutant(
            "late-payment-ignored", "Money for an order that has ended is not recorded.",
            (client, _, _) => new StoreShell(client)
            {
                OnSave = (save, loaded, next) =>
                {
                    var late = save.Payments.Where(p => loaded?.Payments.GetValueOrDefault(p.Document.Id) is
                        { Status: PaymentStatus.Expired or PaymentStatus.Cancelled } was
                            && p.Document.Payments.Count > was.Payments.Count).Select(p => p.Document.Id).ToHashSet();
                    return next(save with
                    {
                        Payments = [.. save.Payments.Where(p => !late.Contains(p.Document.Id))],
                        Deliveries = [.. save.Deliveries.Where(d => !late.Contains(d.Document.Id))],
                        Stock = late.Count > 0 ? new Dictionary<StockKey, StockDelta>() : save.Stock,
                        Records = [.. save.Records.Where(r => !late.Contains(r.OrderId!))],
                        Commands = [.. save.Commands.Where(c => !late.Contains(c.ConversationId))],
                    });
                },
            }),
        new StoreMutant(
            "reveal-before-event", "A delivered document does not name the row that its event leaves in.",
            (client, _, _) => new StoreShell(client)
            {
                OnSave = (save, _, next) => next(save with
                {
                    Deliveries = [.. save.Deliveries.Select(d => d with { Document = d.Document with { Outbox = 0 } })],
                }),
            }),
        new StoreMutant(
            "refund-without-withdrawn", "Money is asked back while the delivery goes on.",
            (client, _, _) => new StoreShell(client)
            {
                OnSave = (save, _, next) => next(save with
                {
                    Deliveries = [.. save.Deliveries.Where(d => d.Document.Status != DeliveryStatus.Withdrawn)],
                }),
            }),
        new StoreMutant(
            "re-priced", "An order is asked for what its product costs when it is processed.",
            (client, world, _) => new StoreShell(client)
            {
                OnSave = (save, _, next) => next(save with
                {
                    Payments =
                    [
                        .. save.Payments.Select(p => p.LoadedVersion > 0 ? p : p with
                        {
                            Document = p.Document with
                            {
                                Attempts = [.. p.Document.Attempts.Select(a => a with { Amount = a.Amount + (world.Sim.UtcNow.Second / 10) })],
                            },
                        }),
                    ],
                }),
            }),
        new StoreMutant(
            "lost-outbox", "A transaction does not keep what it sends: who dies before sending it has lost it.",
            (client, _, _) => new StoreShell(client)
            {
                OnSave = (save, _, next) => next(save with { Records = [], Commands = [] }),
            }),
        new StoreMutant(
            "unwatched", "Nobody looks for orders that are due.",
            (client, _, _) => new Unwatched(client)),
    ];

    public override IShopStore Store(SimStoreClient client, ShopWorld world, SimProcess process) => wrap(client, world, process);

    private static int VersionOf(ShopWorld world, PaymentSaga saga) =>
        world.Store.State.Payments.GetValueOrDefault(saga.Id)?.Version ?? 0;

    private static int VersionOf(ShopWorld world, DeliverySaga saga) =>
        world.Store.State.Deliveries.GetValueOrDefault(saga.Id)?.Version ?? 0;

    private sealed class Unwatched(IShopStore store) : StoreShell(store)
    {
        public override Task<IReadOnlyList<DueSaga>> OverduePaymentsAsync(
            string channel, DateTimeOffset now, DueSaga? after, int limit, CancellationToken cancellation) =>
            Task.FromResult<IReadOnlyList<DueSaga>>([]);

        public override Task<IReadOnlyList<DueSaga>> OverdueDeliveriesAsync(
            DateTimeOffset now, DueSaga? after, int limit, CancellationToken cancellation) =>
            Task.FromResult<IReadOnlyList<DueSaga>>([]);
    }
}
