using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Shop.Keys;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;
using CardShop.Shop.Store;
using Npgsql;

namespace CardShop.Api.Admin;

/// <summary>
/// The shop as operators change it over HTTP: a few connections of their own, opened at the first call, behind the rollback
/// fence. Orders are taken without any of it.
/// </summary>
/// <param name="prefix">Of the log's topics.</param>
public sealed class AdminShop(
    string? connection, ShopSecrets secrets, ILog log, string prefix, TimeProvider time, ILogger<RollbackFence> logger) : IAsyncDisposable
{
    /// <summary>As the audit names this way in.</summary>
    public const string Via = "api";

    private const int MostConnections = 4;
    private static readonly TimeSpan Statement = TimeSpan.FromSeconds(8);

    private readonly Lock _lock = new();
    private NpgsqlDataSource? _database;
    private RollbackFence? _fence;

    /// <exception cref="PlaceException">No database is set.</exception>
    public NpgsqlDataSource Database => OpenDatabase();

    private RollbackFence Fence
    {
        get
        {
            var database = Database;
            lock (_lock)
            {
                return _fence ??= new(log, new PostgresFence(database, prefix), FleetGroups.All, logger);
            }
        }
    }

    /// <summary>A writer's first step: Kafka and PostgreSQL are there and agree.</summary>
    /// <exception cref="FencedException">They do not, or are being compared.</exception>
    public async Task RequireWritableAsync(CancellationToken cancellation)
    {
        if (await LookAtFenceAsync(cancellation) is { Reason: { } reason })
        {
            throw new FencedException(reason);
        }
    }

    /// <summary>The fence as it stands; where it is not open, the database is compared with the log once more.</summary>
    public async Task<RollbackFence> LookAtFenceAsync(CancellationToken cancellation)
    {
        var fence = Fence;
        if (!await fence.ProbeAsync(cancellation))
        {
            await fence.CheckAsync(cancellation);
        }

        return fence;
    }

    /// <summary>
    /// Takes a decision by the way that all messages go. What it sends stays in the outbox for the fleets' sweeper, which
    /// comes within seconds: this process does not reach RabbitMQ.
    /// </summary>
    public Task<OperatorOutcome> DecideAsync(
        PaymentMessage message, Func<PaymentSaga?, string?>? against, CancellationToken cancellation) =>
        new OperatorWork(new PostgresShopStore(Database), Fence, dispatcher: null, ShopSettings.Default, time)
            .RunAsync(message, cancellation, against);

    /// <summary>Seals a text for its buyer.</summary>
    public SealedText Seal(OrderPlaced order, OperatorAct act, string text)
    {
        // A vault seals with the key that was current when it was made.
        var vault = new KeyVault(secrets.Fingerprint, secrets.KeyEncryption);
        return new(vault.SealText(order.Sku, order.OrderId, act.CommandId, text), vault.Current);
    }

    /// <summary>What an approval binds of a text that nobody but its buyer may see.</summary>
    public string HashOf(string text) => Contacts.Hash(secrets.ContactHash, "goods", text);

    private NpgsqlDataSource OpenDatabase()
    {
        lock (_lock)
        {
            return _database ??= CardShop.Pipeline.Documents.Database.Open(
                connection is { Length: > 0 } ? connection : throw new PlaceException("Setting Postgres__ConnectionString is missing"),
                "cardshop-api-admin", MostConnections, Statement);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }
    }
}
