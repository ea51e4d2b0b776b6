using System.Net.Sockets;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Bus;
using CardShop.Pipeline.Log;
using CardShop.Pipeline.Outbox;
using CardShop.Shop.Keys;
using CardShop.Shop.Operators;
using CardShop.Shop.Orders;
using CardShop.Shop.Store;
using CardShop.Shopctl.Settings;
using Confluent.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace CardShop.Shopctl.Servers;

/// <summary>The servers of one command, opened when first needed; an absent one is named within 5 s.</summary>
public sealed class ShopServers(ShopctlSettings settings, TimeProvider time) : IAsyncDisposable
{
    private const string Name = "cardshop-shopctl";

    /// <summary>The longest that asking a server whether it is there may take.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    private NpgsqlDataSource? _database;
    private KafkaLog? _log;
    private RabbitBus? _bus;
    private KafkaRanges? _ranges;
    private KafkaGroups? _groups;

    public ShopctlSettings Settings => settings;

    public TimeProvider Time => time;

    public NpgsqlDataSource Database => _database ??= Pipeline.Documents.Database.Open(settings.Postgres, Name);

    /// <summary>How this command reaches Kafka.</summary>
    public KafkaSettings KafkaClient => new(
        settings.Kafka, Name, MessageTimeout: TimeSpan.FromSeconds(30), Linger: TimeSpan.FromMilliseconds(1))
    {
        Tls = settings.KafkaTls,
        TopicPrefix = settings.TopicPrefix,
    };

    public ILog Log => _log ??= new KafkaLog(
        KafkaClient, time,
        NullLogger<KafkaLog>.Instance);

    /// <summary>Parts of topics, outside any group.</summary>
    public ILogRanges Ranges => _ranges ??= new KafkaRanges(
        KafkaClient, time,
        NullLogger<KafkaRanges>.Instance);

    public KafkaGroups Groups => _groups ??= new(KafkaClient, NullLogger<KafkaGroups>.Instance);

    /// <summary>What operators do.</summary>
    public AuditTrail Audit => new(Log, Ranges, time);

    public IBus Bus => _bus ??= new RabbitBus(
        new(settings.Rabbit, Name, MaxUnconfirmed: 100, Limit), time, new Random(), NullLogger<RabbitBus>.Instance);

    /// <summary>The installation's secrets.</summary>
    public ShopSecrets OpenSecrets()
    {
        try
        {
            return ShopSecrets.Open(settings.SecretsDirectory);
        }
        catch (Exception e) when (e is InvalidOperationException or UnauthorizedAccessException)
        {
            throw new ShopctlException(ExitCodes.Usage, e.Message, e);
        }
    }

    /// <summary>Seals and opens keys with the installation's secrets.</summary>
    public KeyVault OpenVault()
    {
        var secrets = OpenSecrets();
        return new(secrets.Fingerprint, secrets.KeyEncryption);
    }

    /// <summary>Throws with exit code 3 where PostgreSQL does not answer.</summary>
    public async Task RequireDatabaseAsync(CancellationToken cancellation)
    {
        try
        {
            await using var connection = await Database.OpenConnectionAsync(cancellation).AsTask()
                .WaitAsync(Limit, time, cancellation);
        }
        catch (PostgresException e) when (e.SqlState.StartsWith("28", StringComparison.Ordinal) || e.SqlState == "3D000")
        {
            throw new ShopctlException(
                ExitCodes.Usage,
                $"PostgreSQL at {settings.PostgresPlace} refuses user, password or database of " +
                $"{ShopctlSettings.PostgresName} ({e.SqlState}).",
                e);
        }
        catch (Exception e) when (IsAbsence(e))
        {
            throw Absent("PostgreSQL", settings.PostgresPlace, ShopctlSettings.PostgresName, e);
        }
    }

    /// <summary>Throws with exit code 3 where Kafka does not answer, with 1 where its topics are not there.</summary>
    /// <param name="topic">The one that is asked for; the catalog's where none is named.</param>
    public async Task RequireLogAsync(CancellationToken cancellation, Topic? topic = null)
    {
        topic ??= Topics.Catalog;
        try
        {
            await Log.EndsAsync([topic], cancellation).WaitAsync(Limit, time, cancellation);
        }
        catch (KafkaException e) when (
            e.Error.Code is ErrorCode.UnknownTopicOrPart or ErrorCode.Local_UnknownTopic or ErrorCode.Local_UnknownPartition)
        {
            throw new ShopctlException(
                ExitCodes.Failed, $"Kafka at {settings.Kafka} has no topic {topic.Name}: run 'shopctl migrate'.", e);
        }
        catch (Exception e) when (IsAbsence(e))
        {
            throw Absent("Kafka", settings.Kafka, ShopctlSettings.KafkaName, e);
        }
    }

    /// <summary>Throws with exit code 3 where RabbitMQ does not answer.</summary>
    /// <returns>A connection of the caller's own.</returns>
    public async Task<IConnection> OpenRabbitAsync(CancellationToken cancellation)
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
                    ClientProvidedName = Name,
                },
                settings.Rabbit, cancellation).WaitAsync(Limit, time, cancellation);
        }
        catch (AuthenticationFailureException e)
        {
            throw new ShopctlException(
                ExitCodes.Usage, $"RabbitMQ at {settings.RabbitPlace} refuses user or password of {ShopctlSettings.RabbitName}.", e);
        }
        catch (Exception e) when (IsAbsence(e))
        {
            throw Absent("RabbitMQ", settings.RabbitPlace, ShopctlSettings.RabbitName, e);
        }
    }

    /// <summary>
    /// Every writer's first step: Kafka and PostgreSQL are there and agree. Throws with exit code 1 when fenced.
    /// </summary>
    /// <returns>The fence, open.</returns>
    public async Task<RollbackFence> RequireWritableAsync(CancellationToken cancellation)
    {
        await RequireDatabaseAsync(cancellation);
        await RequireLogAsync(cancellation);
        var fence = new RollbackFence(Log, new PostgresFence(Database, settings.TopicPrefix), FleetGroups.All, NullLogger<RollbackFence>.Instance);
        await fence.CheckAsync(cancellation);
        if (fence.Reason is { } reason)
        {
            throw new ShopctlException(
                ExitCodes.Failed,
                $"Fenced: {reason}. PostgreSQL is older than Kafka, nothing may be written before 'shopctl recover' has run.");
        }

        return fence;
    }

    /// <summary>Kafka, PostgreSQL and RabbitMQ are there and agree: what an operator decides is committed and sent.</summary>
    public async Task<OperatorWork> OpenOperatorWorkAsync(CancellationToken cancellation)
    {
        var fence = await RequireWritableAsync(cancellation);
        var dispatcher = new Dispatcher(
            new OutboxTable(Database, PostgresShopStore.ReviewAsync), Log, Bus, DispatchOptions.Default, time, new Random(),
            NullLogger<Dispatcher>.Instance);
        return new(new PostgresShopStore(Database), fence, dispatcher, ShopSettings.Default, time);
    }

    /// <summary>True for what an absent server causes.</summary>
    public static bool IsAbsence(Exception failure) => failure switch
    {
        PostgresException e => e.SqlState.StartsWith("57P", StringComparison.Ordinal),
        KafkaException e => e.Error.IsLocalError || e.Error.Code is ErrorCode.BrokerNotAvailable or ErrorCode.RequestTimedOut,
        NpgsqlException or TimeoutException or SocketException or IOException or PlaceException => true,
        RabbitMQClientException => true,
        _ => false,
    };

    public static string Unreachable(string server, string place, string setting, string reason) =>
        $"{server} at {place} (setting {setting}) cannot be reached: {reason.TrimEnd('.')}. " +
        "Is it running? compose/part status shows the local instance.";

    public async ValueTask DisposeAsync()
    {
        _groups?.Dispose();
        if (_bus is not null)
        {
            await _bus.DisposeAsync();
        }

        if (_log is not null)
        {
            await _log.DisposeAsync();
        }

        if (_database is not null)
        {
            await _database.DisposeAsync();
        }
    }

    private static ShopctlException Absent(string server, string place, string setting, Exception failure) => new(
        ExitCodes.Unreachable,
        Unreachable(server, place, setting, failure is TimeoutException ? "no answer within 3 s" : failure.Message),
        failure);
}
