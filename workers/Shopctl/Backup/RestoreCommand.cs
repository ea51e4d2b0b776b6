using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using CardShop.Shop.Operators;
using CardShop.Shopctl.Operators;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Backup;

/// <summary><c>shopctl restore</c>: puts a stopped PostgreSQL back, and the drill that shows that it would work.</summary>
public static class RestoreCommand
{
    public static Command Create(Session session)
    {
        var label = new Argument<string?>("LABEL")
        {
            Description = "As that backup was when it was made; without: the newest backup and all WAL after it.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var time = new Option<DateTimeOffset?>("--time") { Description = "As the database was then: 2026-08-01T12:00:00Z.", HelpName = "T" };
        var inPlace = new Option<bool>("--in-place")
        {
            Description = "Overwrites the data directory instead of moving it aside: where it is a mount point, or the disk is too small for both.",
        };
        var restore = new Command(
            "restore",
            """
            Puts PostgreSQL's data back from the repository, on its host, while it is stopped. The old data directory is moved
            aside, not deleted. Afterwards: start PostgreSQL. Where what came back is older than the log, every fleet is fenced;
            next then: shopctl recover.
            """)
        {
            label, time, inPlace, RestoreDrill.Create(session),
        };
        restore.Takes(OperatorActions.Restore);
        restore.Validators.Add(result =>
        {
            if (result.GetValue(label) is not null && result.GetValue(time) is not null)
            {
                result.AddError("Say a LABEL or --time, not both.");
            }
        });
        session.Bind(restore, async (servers, arguments, cancellation) =>
        {
            var program = new PgBackRest(BackupSettings.From(session.Settings), session.Time);
            var overwrites = arguments.GetValue(inPlace);
            await RequireStoppedAsync(program.Settings, cancellation);
            RequireReleased(program.Settings.DataDirectory, overwrites);
            var target = await TargetAsync(program, arguments.GetValue(label), arguments.GetValue(time), cancellation);
            await using var grant = await session.Operators.RequireAsync(
                OperatorActions.Restore, target.Backup.Label, null,
                [("target", string.Join(' ', target.Arguments)), ("in-place", overwrites ? "yes" : "no")], cancellation);
            var code = await RunAsync(session, program, target, overwrites, cancellation);
            await grant.DoneAsync(null, target.Text, cancellation);
            return code;
        });
        return restore;
    }

    /// <summary>What pgBackRest is told about where to stop.</summary>
    internal static async Task<RestoreTarget> TargetAsync(
        PgBackRest program, string? label, DateTimeOffset? time, CancellationToken cancellation)
    {
        var info = await program.InfoAsync(cancellation);
        var backup = label is not null
            ? info.Backups.FirstOrDefault(b => b.Label == label)
                ?? throw new ShopctlException(ExitCodes.Usage, $"There is no backup {label}: 'shopctl backup list' shows them.")
            : info.Backups.LastOrDefault(b => time is null || b.StoppedAt <= time)
                ?? throw new ShopctlException(
                    ExitCodes.Failed, time is null
                        ? "There is no backup. Without one a new database is filled from the log: shopctl recover."
                        : "There is no backup that had ended by then: 'shopctl backup list' shows them.");
        return (label, time) switch
        {
            (not null, _) => new(backup, ["--set=" + label, "--type=immediate", "--target-action=promote"], $"backup {label}"),
            (_, { } moment) => new(
                backup,
                ["--type=time", "--target=" + moment.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.ffffff+00", CultureInfo.InvariantCulture), "--target-action=promote"],
                "as of " + BackupRun.Time(moment)),
            _ => new(backup, [], $"backup {backup.Label} and all WAL after it"),
        };
    }

    /// <summary>A folder for its owner alone, whoever owns the other.</summary>
    internal static async Task MakeFolderAsync(BackupSettings settings, string path, string owner, CancellationToken cancellation)
    {
        if (OperatingSystem.IsWindows())
        {
            throw new ShopctlException(ExitCodes.Usage, "pgBackRest does not run on Windows.");
        }

        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        using var chown = PgBackRest.Start(settings, "chown", ["--reference=" + owner, path], asOwner: false);
        await chown.WaitForExitAsync(cancellation);
        if (chown.ExitCode != 0)
        {
            throw new ShopctlException(ExitCodes.Failed, $"{path} cannot be given to the owner of {owner}: {await chown.StandardError.ReadToEndAsync(cancellation)}");
        }
    }

    private static async Task<int> RunAsync(
        Session session, PgBackRest program, RestoreTarget target, bool inPlace, CancellationToken cancellation)
    {
        var started = session.Time.GetTimestamp();
        var data = program.Settings.DataDirectory;
        var aside = $"{data}.before-{session.Time.GetUtcNow().UtcDateTime.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture)}";
        // Once more: to approve it and to look for the backup took time.
        RequireReleased(data, inPlace);
        var moved = !inPlace && Directory.Exists(data);
        if (moved)
        {
            MoveAside(data, aside);
        }

        if (!Directory.Exists(data))
        {
            await MakeFolderAsync(program.Settings, data, moved ? aside : program.Settings.RepositoryFolder ?? program.Settings.Config, cancellation);
        }

        await WorkProgress.RunAsync(session.Screen, session.Time, "restore", report => program.WorkAsync(
            ["restore", .. inPlace ? ["--delta"] : Array.Empty<string>(), .. target.Arguments], report, cancellation));
        var took = session.Time.GetElapsedTime(started);
        session.Screen.Line(string.Create(CultureInfo.InvariantCulture, $"Put back: {target.Text}, {took.TotalSeconds:F1} s."));
        if (moved)
        {
            session.Screen.Line($"The data before it lies in {aside}: delete it when all is well.");
        }

        session.Screen.Line("Next: start PostgreSQL (compose/part start postgres); it replays WAL first.");
        session.Screen.Line("Then, where the fleets are fenced because the log knows more: shopctl recover.");
        return ExitCodes.Ok;
    }

    private static void MoveAside(string data, string aside)
    {
        try
        {
            Directory.Move(data, aside);
        }
        catch (IOException e)
        {
            throw new ShopctlException(ExitCodes.Failed, $"{data} cannot be moved aside ({e.Message}): say --in-place to overwrite it.", e);
        }
    }

    private static async Task RequireStoppedAsync(BackupSettings settings, CancellationToken cancellation)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, settings.Port, cancellation).AsTask().WaitAsync(TimeSpan.FromSeconds(2), cancellation);
        }
        catch (Exception e) when (e is SocketException or TimeoutException)
        {
            return;
        }

        throw new ShopctlException(
            ExitCodes.Failed, $"PostgreSQL runs on port {settings.Port}. A restore replaces its data: stop it first (compose/part stop postgres).");
    }

    /// <summary>A server that starts or ends, is busy, or listens elsewhere, does not answer; it holds its data all the same.</summary>
    private static void RequireReleased(string data, bool inPlace)
    {
        try
        {
            if (PostmasterFile.Holder(data) is { } process)
            {
                throw new ShopctlException(
                    ExitCodes.Failed,
                    string.Create(CultureInfo.InvariantCulture, $"Process {process} holds {data}, says {PostmasterFile.Name} in it. ") +
                    "A restore replaces PostgreSQL's data: stop it first (compose/part stop postgres). Where that process is no " +
                    $"PostgreSQL, delete {PostmasterFile.Name} and repeat the command.");
            }
        }
        catch (UnauthorizedAccessException e) when (!inPlace)
        {
            throw new ShopctlException(
                ExitCodes.Failed,
                $"Whether PostgreSQL runs cannot be seen ({e.Message}): run this as root or as the owner of {data}.", e);
        }
        catch (UnauthorizedAccessException)
        {
            // In place it is pgBackRest that writes, as the owner of the data: it looks for the file itself.
        }
    }
}

/// <summary>What to restore.</summary>
/// <param name="Backup">The backup that it begins with.</param>
/// <param name="Arguments">For pgBackRest.</param>
/// <param name="Text">For people.</param>
internal sealed record RestoreTarget(BackupEntry Backup, IReadOnlyList<string> Arguments, string Text);
