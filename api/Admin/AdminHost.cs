using CardShop.Api.Admin.Commands;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Bus;
using CardShop.Pipeline.Log;
using CardShop.Shop.Operators;
using CardShop.Shop.Orders;
using CardShop.Shop.Statistics;

namespace CardShop.Api.Admin;

/// <summary>What the operators' interface is made of.</summary>
internal static class AdminHost
{
    private const string WrongKeysName = "Operators:WrongKeysPerNetwork";

    public static void AddAdmin(
        this IServiceCollection services, IConfiguration configuration, ApiSettings settings, ShopSecrets secrets)
    {
        var operators = OperatorSettings.From(name => configuration[name.Replace("__", ":", StringComparison.Ordinal)]);
        var wrongKeys = configuration.GetValue(WrongKeysName, KeyThrottleLimits.Default.PerNetwork) is >= 1 and <= 10_000 and var count
            ? count
            : throw new InvalidOperationException("Setting Operators__WrongKeysPerNetwork must be 1 to 10000, wrong keys in a minute.");
        services.AddSingleton(new OperatorDirectory(settings.SecretsDirectory, TimeProvider.System));
        services.AddSingleton(new KeyThrottle(KeyThrottleLimits.Default with { PerNetwork = wrongKeys }, TimeProvider.System));
        services.AddSingleton(s => new AuditTrail(
            s.GetRequiredService<ILog>(), s.GetRequiredService<ILogRanges>(), TimeProvider.System));
        services.AddSingleton(s => new OperatorGate(
            s.GetRequiredService<OperatorDirectory>(), s.GetRequiredService<AuditTrail>(), operators, TimeProvider.System, AdminShop.Via));
        services.AddSingleton(s => new ApprovalDesk(
            s.GetRequiredService<OperatorGate>(), s.GetRequiredService<AuditTrail>(), TimeProvider.System, AdminShop.Via));
        services.AddSingleton(s => new AdminShop(
            settings.PostgresConnection, secrets, s.GetRequiredService<ILog>(), settings.Kafka.TopicPrefix, TimeProvider.System,
            s.GetRequiredService<ILogger<RollbackFence>>()));
        services.AddSingleton(new SessionSeal(secrets.Tokens, secrets.CurrentToken, TimeProvider.System));
        services.AddSingleton(new ShopctlProgram(configuration));
        services.AddSingleton(s => new ErrorQueueDepth(
            configuration["RabbitMq:Uri"] is { Length: > 0 } uri
                ? new RabbitBus(
                    new(new(uri), "cardshop-api-admin", 1, TimeSpan.FromSeconds(2)), TimeProvider.System, new Random(),
                    s.GetRequiredService<ILogger<RabbitBus>>())
                : null,
            TimeProvider.System));
        services.AddSingleton(s => new KafkaGroups(settings.Kafka, s.GetRequiredService<ILogger<KafkaGroups>>()));
        services.AddSingleton(s => new FleetMembers(s.GetRequiredService<KafkaGroups>(), TimeProvider.System));
        services.AddSingleton<OpenLetters>();
        services.AddSingleton<DeliveryLatency>();
        services.AddSingleton<ShopLook>();
        services.AddSingleton<AdminSession>();
        services.AddSingleton<CommandRunner>();
        services.AddSingleton<CommandDesk>();
        services.AddSingleton<AdminCalls>();
        services.AddSingleton<AdminAccess>();
        services.AddSingleton<AdminReads>();
        services.AddSingleton(ShopDays.Of(configuration[ShopDays.Setting.Replace("__", ":", StringComparison.Ordinal)]));
        services.AddSingleton<AdminStatistics>();
        services.AddSingleton<AdminOrders>();
        services.AddSingleton<AdminCatalog>();
        services.AddSingleton<AdminApprovalDesk>();
    }
}
