using System.Globalization;

namespace CardShop.Shopctl.Preflight;

/// <summary>What was learnt of PostgreSQL.</summary>
/// <param name="Version">As server_version_num: 150004.</param>
/// <param name="SyncStandbys">Synchronous standbys that are connected; null where this user may not see them.</param>
/// <param name="Reserved">Connections that only superusers get.</param>
/// <param name="ArchiveCommand">Whether one is set; null where this user may not see it.</param>
/// <param name="RightsRefusal">Why a table could not be created in the schema; null where it could.</param>
/// <param name="PoolSize">Connections that one process may open.</param>
public sealed record PostgresFacts(
    int Version, string VersionText, bool InRecovery, string Fsync, string FullPageWrites, string SynchronousCommit,
    string SynchronousStandbyNames, int? SyncStandbys, int MaxConnections, int Reserved, string WalLevel, string ArchiveMode,
    bool? ArchiveCommand, string Encoding, bool SchemaThere, string? RightsRefusal, IReadOnlyList<string> PendingMigrations,
    int PoolSize);

/// <summary>What the design demands of PostgreSQL. Pure.</summary>
public static class PostgresRules
{
    /// <summary>API and the four fleets.</summary>
    public const int Processes = 5;

    private const string Area = "PostgreSQL";
    private const int OldestVersion = 14;

    /// <summary>What one installation uses under load, with shopctl beside it.</summary>
    private const int ConnectionsUsed = 40;

    public static IEnumerable<CheckResult> Judge(PostgresFacts facts, PreflightMode mode)
    {
        yield return new(
            Area, "version", facts.Version / 10_000 >= OldestVersion ? Verdict.Ok : Verdict.Fail, facts.VersionText,
            facts.Version / 10_000 >= OldestVersion ? null : "PostgreSQL 14 or newer is needed.");
        yield return facts.InRecovery
            ? new(
                Area, "primary", Verdict.Fail, "this is a standby",
                "Name all hosts in Postgres__ConnectionString with Target Session Attributes=primary.")
            : new(Area, "primary", Verdict.Ok, "takes writes");
        yield return Is("encoding", facts.Encoding, facts.Encoding == "UTF8", "Create the database with ENCODING 'UTF8'.");
        yield return Rights(facts);
        yield return Migrations(facts, mode);
        yield return Is("fsync", facts.Fsync, facts.Fsync == "on", "Set fsync=on: without it a power cut loses sold keys.");
        yield return Is(
            "full_page_writes", facts.FullPageWrites, facts.FullPageWrites == "on", "Set full_page_writes=on.");
        yield return Is(
            "synchronous_commit", facts.SynchronousCommit, facts.SynchronousCommit is "on" or "remote_apply",
            "Set synchronous_commit=on: what was committed must survive a crash and a failover.");
        foreach (var row in Standby(facts, mode).Concat(Archiving(facts, mode)))
        {
            yield return row;
        }

        yield return Connections(facts, mode);
    }

    private static CheckResult Is(string setting, string value, bool holds, string toDo) =>
        new(Area, setting, holds ? Verdict.Ok : Verdict.Fail, value, holds ? null : toDo);

    private static CheckResult Rights(PostgresFacts facts) => facts.RightsRefusal is { } refusal
        ? new(
            Area, "rights", Verdict.Fail, refusal,
            facts.SchemaThere
                ? "GRANT ALL ON SCHEMA shop to this user, or make it the schema's owner."
                : "GRANT CREATE ON DATABASE to this user, or create the schema shop for it.")
        : new(Area, "rights", Verdict.Ok, "tables can be created in schema shop (tried and rolled back)");

    private static CheckResult Migrations(PostgresFacts facts, PreflightMode mode) => facts.PendingMigrations.Count == 0
        ? new(Area, "tables", Verdict.Ok, "up to date with this version")
        : new(
            Area, "tables", mode.Before ? Verdict.Info : Verdict.Fail,
            $"not applied yet: {string.Join(", ", facts.PendingMigrations)}", "Run 'shopctl migrate'.");

    private static IEnumerable<CheckResult> Standby(PostgresFacts facts, PreflightMode mode)
    {
        const string Check = "synchronous standby";
        if (facts.SynchronousStandbyNames.Trim().Length == 0)
        {
            yield return new(
                Area, Check, CheckResult.Demanded(false, mode), "none is required: a failover may lose what was committed",
                "Set synchronous_standby_names (Patroni: synchronous_mode and synchronous_mode_strict), so that it is " +
                "required, not preferred.");
        }
        else
        {
            yield return facts.SyncStandbys switch
            {
                0 => new(
                    Area, Check, Verdict.Fail, $"'{facts.SynchronousStandbyNames}' is required, and none is connected: commits wait",
                    "Start a standby."),
                null => new(
                    Area, Check, Verdict.Ok, $"'{facts.SynchronousStandbyNames}' is required; whether it is connected this user may not see"),
                var count => new(
                    Area, Check, Verdict.Ok, $"'{facts.SynchronousStandbyNames}' is required, {count} connected"),
            };
        }
    }

    private static IEnumerable<CheckResult> Archiving(PostgresFacts facts, PreflightMode mode)
    {
        yield return new(
            Area, "wal_level", CheckResult.Demanded(facts.WalLevel is "replica" or "logical", mode), facts.WalLevel,
            facts.WalLevel is "replica" or "logical" ? null : "Set wal_level=replica: backups and standbys need it.");
        var archives = facts.ArchiveMode is "on" or "always" && facts.ArchiveCommand is not false;
        yield return new(
            Area, "WAL archive", archives ? Verdict.Ok : mode.Local ? Verdict.Info : Verdict.Warn,
            archives ? $"archive_mode={facts.ArchiveMode}" : "off: a backup can only be restored to its own time",
            archives ? null : "Set archive_mode=on with pgBackRest's archive-push as archive_command.");
    }

    private static CheckResult Connections(PostgresFacts facts, PreflightMode mode)
    {
        var usable = facts.MaxConnections - facts.Reserved;
        var worst = facts.PoolSize * Processes;
        var found = string.Create(
            CultureInfo.InvariantCulture, $"{usable} usable, pools of {Processes} processes may open {worst}");
        return usable < ConnectionsUsed
            ? new(Area, "max_connections", Verdict.Fail, found, $"Allow at least {ConnectionsUsed + facts.Reserved}.")
            : worst > usable && !mode.Local
                ? new(
                    Area, "max_connections", Verdict.Warn, found,
                    $"Say Maximum Pool Size={Math.Max(8, usable / Processes)} in Postgres__ConnectionString, or raise max_connections.")
                : new(Area, "max_connections", Verdict.Ok, found);
    }
}
