using System.CommandLine;
using System.Text;
using System.Text.Json;
using CardShop.Pipeline.Log;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;
using Microsoft.Extensions.Logging.Abstractions;

namespace CardShop.Shopctl.Incident;

/// <summary><c>shopctl incident</c>: what happened in a span of time, as a report to be completed by a person.</summary>
public static class IncidentCommand
{
    public static Command Create(Session session)
    {
        var from = new Option<string>("--from")
        {
            Required = true,
            Description = "When it began: a time such as 2026-03-05T14:00Z (UTC where no zone is said), or how long ago: 90m, 2h, 3d.",
            HelpName = "TIME",
        };
        var to = new Option<string?>("--to") { Description = "When it ended; the same forms (now).", HelpName = "TIME" };
        var output = new Option<string?>("--out")
        {
            Description = "A new file for the report, mode 0600 (standard output).",
            HelpName = "FILE",
        };
        var incident = new Command(
            "incident",
            "Gathers what happened in a span of time into a Markdown report: time line, orders per minute, affected orders, money, " +
            "alerts (setting Prometheus__Url), operators' actions. No contact data, no key text.")
        {
            from, to, output,
        };
        session.Bind(incident, (servers, arguments, cancellation) => RunAsync(
            session, servers,
            IncidentSpan.Parse(arguments.GetValue(from)!, arguments.GetValue(to), session.Time.GetUtcNow()),
            arguments.GetValue(output), cancellation));
        return incident;
    }

    private static async Task<int> RunAsync(
        Session session, ShopServers servers, IncidentSpan span, string? file, CancellationToken cancellation)
    {
        await servers.RequireLogAsync(cancellation);
        await using var target = file is null ? null : Open(file);
        var tally = new IncidentTally(span);
        var ranges = new KafkaRanges(
            new(
                session.Settings.Kafka, "cardshop-shopctl", MessageTimeout: TimeSpan.FromSeconds(30),
                Linger: TimeSpan.FromMilliseconds(1)),
            session.Time, NullLogger<KafkaRanges>.Instance);
        var reader = new IncidentReader(servers, ranges, tally);
        await WorkProgress.RunAsync(
            session.Screen, session.Time, "Reading the log", report => reader.LogAsync(report, cancellation));
        await reader.DatabaseAsync(cancellation);
        var alerts = await AlertsAsync(session, tally, cancellation);
        var text = IncidentReport.Write(tally, alerts, session.Time.GetUtcNow());
        if (target is null)
        {
            session.Screen.Line(text);
        }
        else
        {
            await target.WriteAsync(Encoding.UTF8.GetBytes(text), cancellation);
            session.Screen.Line($"{file}: title, class, cause, what was done and prevention are for you to fill in.");
        }

        return ExitCodes.Ok;
    }

    private static FileStream Open(string file)
    {
        try
        {
            return PrivateOutput.Create(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ShopctlException(ExitCodes.Usage, $"The report cannot be created: {e.Message}", e);
        }
    }

    /// <returns>Null where Prometheus is not set, or did not answer: the report says so.</returns>
    private static async Task<IReadOnlyList<FiredAlert>?> AlertsAsync(
        Session session, IncidentTally tally, CancellationToken cancellation)
    {
        if (session.Settings.Prometheus is not { } prometheus)
        {
            return null;
        }

        try
        {
            var alerts = await AlertsReader.AlertsAsync(prometheus, tally.Span, cancellation);
            foreach (var alert in alerts)
            {
                tally.Event(alert.First, "alert", $"{alert.Name} ({alert.Severity}) {alert.Labels}");
            }

            foreach (var (process, at) in await AlertsReader.StartsAsync(prometheus, tally.Span, cancellation))
            {
                tally.Event(at, "restart", process);
            }

            return alerts;
        }
        catch (Exception e) when (
            e is HttpRequestException or JsonException or KeyNotFoundException or InvalidOperationException
            || (e is TaskCanceledException && !cancellation.IsCancellationRequested))
        {
            tally.Notes.Add($"Prometheus at {prometheus.Authority} did not answer: {e.Message}");
            return null;
        }
    }
}
