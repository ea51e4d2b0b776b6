using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Audit;

/// <summary><c>shopctl audit</c>: the invariants of the design, asked of the running shop.</summary>
public static class AuditCommand
{
    private const string NotComputable =
        "Not to be read off a running shop: 8 (repeats change nothing), 10 (recovery), 11 and 12 (what the API answers " +
        "without Kafka, or without everything else). Tests and chaos runs check those.";

    public static Command Create(Session session)
    {
        var json = new Option<string?>("--json") { Description = "Writes the report there as well.", HelpName = "FILE" };
        var grace = new Option<int>("--grace-seconds")
        {
            Description = "What processing a paid order may take on top of the product's own waiting time.",
            DefaultValueFactory = _ => 120,
            HelpName = "N",
        };
        var audit = new Command(
            "audit", "Compares Kafka and PostgreSQL with the shop's invariants while it runs; exit code 1 on a violation.")
        {
            json, grace,
        };
        session.Bind(audit, (servers, arguments, cancellation) => RunAsync(
            session, servers, arguments.GetValue(json), arguments.GetValue(grace), cancellation));
        return audit;
    }

    private static async Task<int> RunAsync(
        Session session, ShopServers servers, string? file, int graceSeconds, CancellationToken cancellation)
    {
        if (graceSeconds is < 0 or > 86_400)
        {
            throw new ShopctlException(ExitCodes.Usage, "--grace-seconds must be 0 to 86400.");
        }

        await servers.RequireDatabaseAsync(cancellation);
        await servers.RequireLogAsync(cancellation);
        var started = session.Time.GetTimestamp();
        var report = await new AuditRunner(servers, TimeSpan.FromSeconds(graceSeconds)).RunAsync(cancellation);
        Show(session, report, session.Time.GetElapsedTime(started));
        if (file is not null)
        {
            await SaveAsync(file, report, session.Time.GetUtcNow(), cancellation);
        }

        return report.IsClean ? ExitCodes.Ok : ExitCodes.Failed;
    }

    /// <summary>The report as a table, then every word about a check.</summary>
    internal static void Show(Session session, AuditReport report, TimeSpan took)
    {
        var table = Screen.Table("#no", "invariant", "what was checked", "#rows", "#violations", "verdict");
        foreach (var check in report.All)
        {
            Screen.Row(
                table, Number(check.Number), check.Title, check.What, Number(check.Rows), Number(check.Violations),
                check.Verdict);
        }

        var screen = session.Screen;
        screen.Show(table);
        foreach (var check in report.All)
        {
            foreach (var text in check.Notes.Append(check.Skipped).OfType<string>())
            {
                screen.Line($"{check.Number}: {text}");
            }

            foreach (var example in check.Examples)
            {
                screen.Line($"{check.Number} VIOLATED: {example}");
            }

            if (check.Violations > check.Examples.Count)
            {
                screen.Line($"{check.Number} VIOLATED: … and {Number(check.Violations - check.Examples.Count)} more");
            }
        }

        screen.Line(NotComputable);
        screen.Line(string.Create(
            CultureInfo.InvariantCulture,
            $"{(report.IsClean ? "No violation" : "VIOLATIONS FOUND")}, {took.TotalSeconds:F1} s"));
    }

    private static async Task SaveAsync(
        string file, AuditReport report, DateTimeOffset at, CancellationToken cancellation)
    {
        var document = new AuditDocument(at, report.IsClean, [.. report.All.Select(c => new AuditRow(
            c.Number, c.Title, c.What, c.Rows, c.Violations, c.Verdict, c.Skipped, c.Examples, c.Notes))]);
        try
        {
            await File.WriteAllBytesAsync(
                file, JsonSerializer.SerializeToUtf8Bytes(document, AuditJson.Default.AuditDocument), cancellation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ShopctlException(ExitCodes.Usage, $"The report cannot be written: {e.Message}", e);
        }
    }

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
