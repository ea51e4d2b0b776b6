using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using CardShop.Shopctl.Settings;

namespace CardShop.Shopctl.Backup;

/// <summary>Runs pgBackRest, as the owner of the data.</summary>
internal sealed partial class PgBackRest(BackupSettings settings, TimeProvider time)
{
    /// <summary>For what answers at once.</summary>
    private static readonly TimeSpan Short = TimeSpan.FromMinutes(5);

    /// <summary>For what moves the whole database.</summary>
    private static readonly TimeSpan Long = TimeSpan.FromHours(24);

    public BackupSettings Settings => settings;

    /// <summary>The list of what the repository holds; empty where nothing is set up yet.</summary>
    public async Task<RepositoryInfo> InfoAsync(CancellationToken cancellation) =>
        RepositoryInfo.Parse(await AskAsync(["info", "--output=json"], cancellation), settings.Stanza);

    /// <summary>Runs to the end; what it says is returned. Throws with its own words where it fails.</summary>
    public async Task<string> AskAsync(IReadOnlyList<string> arguments, CancellationToken cancellation, string? input = null)
    {
        var said = new StringBuilder();
        var (code, errors) = await RunAsync(
            ["--log-level-console=off", "--log-level-stderr=error", .. arguments], input, line => said.Append(line).Append('\n'), Short,
            cancellation);
        return code == 0 ? said.ToString() : throw Failed(arguments, code, errors);
    }

    /// <summary>The same for what takes long: it says how far it is.</summary>
    public async Task WorkAsync(IReadOnlyList<string> arguments, Action<double, string> progress, CancellationToken cancellation)
    {
        var (code, errors) = await RunAsync(
            ["--log-level-console=detail", "--log-level-stderr=error", .. arguments], null,
            line =>
            {
                if (Percent().Match(line) is { Success: true } match)
                {
                    progress(double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) / 100, arguments[0]);
                }
            },
            Long, cancellation);
        if (code != 0)
        {
            throw Failed(arguments, code, errors);
        }
    }

    /// <summary>Runs any program as the owner of the data. Throws where it cannot be started.</summary>
    public static Process Start(BackupSettings settings, string program, IEnumerable<string> arguments, bool asOwner = true)
    {
        string[] words = [.. asOwner ? settings.RunAs : [], program, .. arguments];
        var start = new ProcessStartInfo(words[0], words.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        foreach (var (name, value) in settings.Environment)
        {
            start.Environment[name] = value;
        }

        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new ShopctlException(
                ExitCodes.Usage, $"{words[0]} cannot be started: {e.Message}. Install the Debian package pgbackrest; setting Backup__RunAs " +
                "names what runs it as the owner of the data.", e);
        }
    }

    private async Task<(int Code, string Errors)> RunAsync(
        IReadOnlyList<string> arguments, string? input, Action<string> onLine, TimeSpan limit, CancellationToken cancellation)
    {
        using var ends = new CancellationTokenSource(limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, ends.Token);
        using var process = Start(settings, "pgbackrest", [$"--config={settings.Config}", $"--stanza={settings.Stanza}", .. arguments]);
        try
        {
            if (input is not null)
            {
                await process.StandardInput.WriteAsync(input.AsMemory(), both.Token);
            }

            process.StandardInput.Close();
            var errors = process.StandardError.ReadToEndAsync(both.Token);
            while (await process.StandardOutput.ReadLineAsync(both.Token) is { } line)
            {
                onLine(line);
            }

            await process.WaitForExitAsync(both.Token);
            return (process.ExitCode, await errors);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new ShopctlException(ExitCodes.Failed, $"pgBackRest did not end within {limit.TotalMinutes:0} minutes.");
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    /// <summary>Its numbers: 41 and 56 are what an absent server or a missing stanza cause.</summary>
    private static ShopctlException Failed(IReadOnlyList<string> arguments, int code, string errors)
    {
        var words = string.Join(
            ' ', errors.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .Select(l => l.StartsWith("ERROR: ", StringComparison.Ordinal) ? l["ERROR: ".Length..] : l).Take(6));
        var advice = code == 56 ? " Is PostgreSQL running?" : code is 55 or 103 ? " 'shopctl backup init' makes the stanza." : "";
        return new(
            code == 56 ? ExitCodes.Unreachable : ExitCodes.Failed,
            string.Create(CultureInfo.InvariantCulture, $"pgbackrest {arguments[0]} ended with {code}: {words}{advice}"));
    }

    /// <summary><c>(8KB, 12.34%)</c>: a file is done, and with it that much of all.</summary>
    [GeneratedRegex(@" (\d+(?:\.\d+)?)%\)")]
    private static partial Regex Percent();
}
