using System.Globalization;
using System.Text;
using CardShop.Contracts;
using CardShop.Shop.Operators;

namespace CardShop.Shopctl.Incident;

/// <summary>The report as Markdown. Pure: what was tallied, the alerts, and the time of writing go in.</summary>
public static class IncidentReport
{
    /// <summary>From low to high; the first is nothing at all.</summary>
    private const string Bars = "·▁▂▃▄▅▆▇█";

    private const string Head =
        """
        Title: …
        Class: P0 / P1 / P2 / P3 (strike out what does not apply)

        | class | what it means | handled within |
        |---|---|---|
        | P0 | nothing works | at once |
        | P1 | a core function does not work | 1 hour |
        | P2 | some functions do not work | 4 hours |
        | P3 | something minor | 24 hours |
        """;

    private const string Tail =
        """

        ## Cause

        What failed first, why, and why it was not noticed or stopped earlier: …

        ## What was done

        Found by: … at … · Confirmed: … · Service back: … · Steps, in order: …

        ## Prevention

        | measure | who | until |
        |---|---|---|
        | … | … | … |

        """;

    /// <param name="alerts">Null where Prometheus was not asked.</param>
    public static string Write(IncidentTally tally, IReadOnlyList<FiredAlert>? alerts, DateTimeOffset now)
    {
        var text = new StringBuilder("# Incident report\n\n").Append(Head).Append("\n\n");
        var span = tally.Span;
        Line(text, $"From {Time(span.From)} to {Time(span.To)} (UTC), {Length(span.To - span.From)}. Written at {Time(now)}.");
        Summary(text, tally, alerts);
        TimeLine(text, tally);
        Orders(text, tally);
        Affected(text, tally);
        Money(text, tally);
        Alerts(text, alerts);
        Actions(text, tally);
        text.Append(Tail);
        Limits(text, tally, alerts);
        return text.ToString();
    }

    private static void Summary(StringBuilder text, IncidentTally tally, IReadOnlyList<FiredAlert>? alerts)
    {
        text.Append("\n## In short\n\n| | |\n|---|---:|\n");
        (string, long)[] rows =
        [
            ("orders accepted", tally.Rows.Sum(r => r.Accepted)), ("delivered", tally.Rows.Sum(r => r.Delivered)),
            ("delivery failed", tally.Rows.Sum(r => r.Failed)), ("refunded", tally.Rows.Sum(r => r.Refunded)),
            ("expired unpaid", tally.Rows.Sum(r => r.Expired)), ("affected orders", tally.AffectedCount),
            ("cases for a person", tally.Reviews), ("dead letters", tally.DeadLetters),
            ("operators' actions", tally.Actions.Count), ("alerts", alerts?.Count ?? 0),
        ];
        foreach (var (what, count) in rows)
        {
            Line(text, $"| {what} | {Number(count)} |");
        }
    }

    private static void TimeLine(StringBuilder text, IncidentTally tally)
    {
        text.Append("\n## Time line\n\n");
        if (!tally.Events.Any())
        {
            text.Append("Nothing was recorded.\n");
            return;
        }

        text.Append("| time (UTC) | what | about |\n|---|---|---|\n");
        foreach (var entry in tally.Events)
        {
            Line(text, $"| {Time(entry.At)} | {PlainText.Cell(entry.What)} | {PlainText.Cell(entry.About)} |");
        }

        foreach (var (kind, more) in tally.Unlisted)
        {
            Line(text, $"\n{Number(more)} more of '{kind}' are not listed.");
        }
    }

    private static void Orders(StringBuilder text, IncidentTally tally)
    {
        Line(text, $"\n## Orders per {Length(tally.Span.Width)}\n");
        text.Append("```\n");
        Chart(text, "accepted ", tally.Rows, r => r.Accepted);
        Chart(text, "delivered", tally.Rows, r => r.Delivered);
        Chart(text, "failed   ", tally.Rows, r => r.Failed);
        text.Append("```\n\n| from (UTC) | accepted | delivered | failed | refunded | expired |\n|---|---:|---:|---:|---:|---:|\n");
        var quiet = 0;
        for (var i = 0; i < tally.Rows.Length; i++)
        {
            var row = tally.Rows[i];
            if (row.Accepted + row.Delivered + row.Failed + row.Refunded + row.Expired == 0)
            {
                quiet++;
                continue;
            }

            Line(
                text,
                $"| {Time(tally.Span.From + i * tally.Span.Width)} | {Number(row.Accepted)} | {Number(row.Delivered)} " +
                $"| {Number(row.Failed)} | {Number(row.Refunded)} | {Number(row.Expired)} |");
        }

        if (quiet > 0)
        {
            Line(text, $"\n{Number(quiet)} of {Number(tally.Rows.Length)} rows without any order are left out.");
        }
    }

    private static void Chart(StringBuilder text, string name, IncidentRow[] rows, Func<IncidentRow, long> value)
    {
        var most = rows.Length == 0 ? 0 : rows.Max(value);
        text.Append(name).Append(' ');
        foreach (var row in rows)
        {
            text.Append(Bar(value(row), most));
        }

        Line(text, $" at most {Number(most)}");
    }

    /// <summary>Anything at all is seen: only nothing is a dot.</summary>
    public static char Bar(long value, long most) =>
        value <= 0 || most <= 0 ? Bars[0] : Bars[(int)Math.Clamp(Math.Ceiling(value * (double)(Bars.Length - 1) / most), 1, Bars.Length - 1)];

    private static void Affected(StringBuilder text, IncidentTally tally)
    {
        Line(text, $"\n## Affected orders: {Number(tally.AffectedCount)}\n");
        if (tally.AffectedCount == 0)
        {
            text.Append("None.\n");
            return;
        }

        text.Append("| order | what happened |\n|---|---|\n");
        var shown = 0;
        foreach (var (order, what) in tally.Affected)
        {
            shown++;
            Line(text, $"| {PlainText.Cell(order)} | {PlainText.Cell(what)} |");
        }

        if (tally.AffectedCount > shown)
        {
            Line(text, $"\n{Number(tally.AffectedCount - shown)} more are not listed. One order's story: shopctl order ORDER");
        }
    }

    private static void Money(StringBuilder text, IncidentTally tally)
    {
        text.Append("\n## Money\n\n| | count | fen |\n|---|---:|---:|\n");
        (string What, (long Count, long Amount) Sum)[] rows =
        [
            ("payments notified", (tally.Paid, tally.PaidAmount)), ("surplus payments", (tally.Surplus, tally.SurplusAmount)),
            ("refunds done", tally.Refunds(RefundState.Done)), ("refunds under way", tally.Refunds(RefundState.Asked)),
            ("refunds rejected", tally.Refunds(RefundState.Rejected)),
        ];
        foreach (var (what, sum) in rows)
        {
            Line(text, $"| {what} | {Number(sum.Count)} | {Number(sum.Amount)} |");
        }
    }

    private static void Alerts(StringBuilder text, IReadOnlyList<FiredAlert>? alerts)
    {
        text.Append("\n## Alerts\n\n");
        if (alerts is not { Count: > 0 })
        {
            text.Append(alerts is null ? "Not known: see the end.\n" : "None fired.\n");
            return;
        }

        text.Append("| first | last | alert | severity | about |\n|---|---|---|---|---|\n");
        foreach (var alert in alerts)
        {
            Line(
                text,
                $"| {Time(alert.First)} | {Time(alert.Last)} | {PlainText.Cell(alert.Name)} | {PlainText.Cell(alert.Severity)} " +
                $"| {PlainText.Cell(alert.Labels)} |");
        }
    }

    private static void Actions(StringBuilder text, IncidentTally tally)
    {
        text.Append("\n## What operators did\n\n");
        if (tally.Actions.Count == 0)
        {
            text.Append("Nothing that is audited.\n");
            return;
        }

        text.Append("| time (UTC) | who | what | to what | why | approved by | outcome |\n|---|---|---|---|---|---|---|\n");
        foreach (var action in tally.Actions)
        {
            Line(
                text,
                $"| {Time(action.At)} | {PlainText.Cell(action.Operator)} | {PlainText.Cell(action.Action)} " +
                $"| {PlainText.Cell(action.Subject)} | {PlainText.Cell(action.Reason)} | {PlainText.Cell(action.Approver ?? "-")} " +
                $"| {OutcomeOf(action)} |");
        }
    }

    /// <summary>An entry from before outcomes were written says nothing of it.</summary>
    private static string OutcomeOf(AuditEntry action) => action.Outcome is not { } outcome ? "-"
        : OutcomeNames.Of(outcome) + (action.Problem is { } problem ? ": " + PlainText.Cell(problem) : string.Empty);

    private static void Limits(StringBuilder text, IncidentTally tally, IReadOnlyList<FiredAlert>? alerts)
    {
        text.Append("\n## What this report does not see\n\n");
        if (alerts is null)
        {
            text.Append("- Alerts and restarts of processes: set Prometheus__Url.\n");
        }

        text.Append("- shop.channels.v1 keeps the last word per channel: a channel that went down and came back shows only the last.\n");
        text.Append("- Buyers' contacts and key texts are in no report.\n");
        foreach (var note in tally.Notes)
        {
            Line(text, $"- {PlainText.Cell(note)}");
        }
    }

    private static void Line(StringBuilder text, string line) => text.Append(line).Append('\n');

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    private static string Length(TimeSpan span) => span switch
    {
        { TotalDays: >= 1 } => string.Create(CultureInfo.InvariantCulture, $"{span.TotalDays:0.#} d"),
        { TotalHours: >= 1 } => string.Create(CultureInfo.InvariantCulture, $"{span.TotalHours:0.#} h"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{span.TotalMinutes:0.#} min"),
    };

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
