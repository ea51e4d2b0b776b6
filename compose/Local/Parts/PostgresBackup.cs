using System.Globalization;
using CardShop.Local.Processes;

namespace CardShop.Local.Parts;

/// <summary>Where a private PostgreSQL sends its WAL, and how pgBackRest is told about it.</summary>
/// <param name="folder">Configuration, locks and, unless it is elsewhere, the repository.</param>
public sealed class PostgresBackup(string folder)
{
    /// <summary>The one stanza: pgBackRest's word for a server that is backed up.</summary>
    public const string Stanza = "cardshop";

    /// <summary>The repository of backups and WAL; setting <c>Backup__Repository</c>.</summary>
    public string Repository { get; init; } = Path.Combine(folder, "repository");

    /// <summary>A file with the pass phrase that the repository is encrypted with; null = not encrypted.</summary>
    public string? CipherPassFile { get; init; }

    /// <summary>pgBackRest's configuration, written at every start of the server.</summary>
    public string ConfigFile => Path.Combine(folder, "pgbackrest.conf");

    /// <summary>Makes folders and configuration, and gives them to the user that runs the server.</summary>
    /// <exception cref="PartFailedException">There is no pgBackRest, or no pass phrase where one is named.</exception>
    public async Task PrepareAsync(PostgresPart part, RotatingLog log, TimeProvider time, CancellationToken cancellationToken)
    {
        const string Program = "/usr/bin/pgbackrest";
        if (!File.Exists(Program))
        {
            throw new PartFailedException(part.Name, $"There is no {Program}; install the Debian package pgbackrest", log.Path);
        }

        string[] folders = [folder, Repository, Path.Combine(folder, "lock"), Path.Combine(folder, "spool"), Path.Combine(folder, "log")];
        foreach (var path in folders)
        {
            PrivateFile.CreateFolder(path);
            await PostgresPrograms.HandOverAsync(path, log, time, cancellationToken);
        }

        PrivateFile.Write(ConfigFile, Text(part));
        await PostgresPrograms.HandOverAsync(ConfigFile, log, time, cancellationToken);
    }

    /// <summary>The server's settings: every full segment is archived, and a started one after a minute.</summary>
    public string ServerSettings() => string.Create(CultureInfo.InvariantCulture, $"""
        archive_mode = on
        archive_timeout = 60s
        archive_command = 'pgbackrest --config="{ConfigFile.Replace("'", "''", StringComparison.Ordinal)}" --stanza={Stanza} archive-push "%p"'

        """);

    private string Text(PostgresPart part)
    {
        var cipher = CipherPassFile is null
            ? ""
            : $"repo1-cipher-type=aes-256-cbc\nrepo1-cipher-pass={PassPhrase(part)}\n";
        return string.Create(CultureInfo.InvariantCulture, $"""
            # Written at every start of PostgreSQL.
            [global]
            repo1-path={Repository}
            repo1-retention-full-type=time
            repo1-retention-full=30
            repo1-bundle=y
            {cipher}compress-type=lz4
            start-fast=y
            lock-path={Path.Combine(folder, "lock")}
            spool-path={Path.Combine(folder, "spool")}
            log-path={Path.Combine(folder, "log")}
            log-level-file=off

            [{Stanza}]
            pg1-path={part.DataDirectory}
            pg1-port={part.Port}
            pg1-user={PostgresPart.User}
            pg1-database={part.Database}

            """);
    }

    private string PassPhrase(PostgresPart part)
    {
        var text = File.Exists(CipherPassFile) ? File.ReadAllText(CipherPassFile).Trim() : "";
        return text.Length >= 16 && !text.Contains('\n', StringComparison.Ordinal)
            ? text
            : throw new PartFailedException(
                part.Name, $"Backup__CipherPassFile names {CipherPassFile}: it must hold one line of at least 16 characters");
    }
}
