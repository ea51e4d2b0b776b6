using Npgsql;

namespace CardShop.Pipeline.Documents;

/// <summary>Where PostgreSQL is, and how this process talks to it.</summary>
public static class Database
{
    /// <summary>The schema of all tables.</summary>
    public const string Schema = "shop";

    /// <param name="connectionString">
    /// Npgsql form; several hosts (<c>Host=a:5432,b:5432</c>) are allowed: the primary among them is found.
    /// </param>
    /// <param name="name">Shown in pg_stat_activity.</param>
    /// <param name="mostConnections">Null = what the connection string says.</param>
    /// <param name="commandTimeout">Null = 30 s for each statement.</param>
    public static NpgsqlDataSource Open(
        string connectionString, string name, int? mostConnections = null, TimeSpan? commandTimeout = null)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString)
        {
            ApplicationName = name,
            // Sessions keep no state between transactions, so there is nothing to reset.
            NoResetOnClose = true,
            MaxAutoPrepare = 100,
            AutoPrepareMinUsages = 2,
            Timeout = 5,
            CommandTimeout = (int)(commandTimeout ?? TimeSpan.FromSeconds(30)).TotalSeconds,
            KeepAlive = 10,
            SearchPath = Schema,
            // Every statement of a batch is bounded by an index and has one good plan, whatever its parameters: it is
            // planned once. A plan made while a table was tiny must not scan it
            // for ever; a lock or an abandoned transaction must not hold others up: a fleet that stops in its transaction
            // holds the commit number, and with it every fleet.
            Options = "-c enable_seqscan=off -c plan_cache_mode=force_generic_plan -c jit=off -c lock_timeout=10000 -c idle_in_transaction_session_timeout=15000",
        };
        if (mostConnections is { } most)
        {
            settings.MaxPoolSize = most;
            settings.MinPoolSize = Math.Min(settings.MinPoolSize, most);
        }

        return settings.Host?.Contains(',', StringComparison.Ordinal) == true
            ? OpenSeveral(settings)
            : new NpgsqlDataSourceBuilder(settings.ConnectionString).Build();
    }

    /// <summary>Of several servers one is the primary, and after a failover another one.</summary>
    private static NpgsqlDataSource OpenSeveral(NpgsqlConnectionStringBuilder settings)
    {
        var target = settings.TargetSessionAttributes switch
        {
            null or "" or "primary" => TargetSessionAttributes.Primary,
            "read-write" => TargetSessionAttributes.ReadWrite,
            var other => throw new InvalidOperationException(
                $"Postgres__ConnectionString: Target Session Attributes={other} is not for a shop, which writes: say primary or read-write."),
        };
        // Npgsql takes it from the data source of several hosts, and refuses it in the connection string.
        settings.Remove("Target Session Attributes");
        // What is known of a server is asked again after so long: a standby that became the primary must not stay unseen.
        settings.HostRecheckSeconds = Math.Min(settings.HostRecheckSeconds, 2);
        return new NpgsqlDataSourceBuilder(settings.ConnectionString).BuildMultiHost().WithTargetSession(target);
    }
}
