using System.Globalization;
using System.Text.Json;
using CardShop.Shop.Reconciliation;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Reconcile;

/// <summary>The report of a reconciliation, for people and for programs.</summary>
public static class ReconcileSummary
{
    /// <summary>Findings and refused lines shown of each kind.</summary>
    public const int Shown = 20;

    private static readonly (FindingKind? Kind, string Name)[] Kinds =
    [
        (null, "matched"), (FindingKind.MissingHere, "missing here"), (FindingKind.MissingThere, "missing there"),
        (FindingKind.Differing, "differing"), (FindingKind.NotOurs, "not ours"), (FindingKind.AtBorder, "at the border"),
        (FindingKind.Archived, "archived"),
    ];

    public static void Show(Screen screen, MatchScope scope, ReconciliationReport report, FiledCases cases)
    {
        foreach (var (file, line, reason) in report.Refused.Take(Shown))
        {
            screen.Line(line == 0 ? $"{file}: {reason}" : string.Create(CultureInfo.InvariantCulture, $"{file}:{line}: refused: {reason}"));
        }

        More(screen, report.RefusedCount, "refused");
        var found = Screen.Table("#line", "what", "number", "refund", "#statement, fen", "#shop, fen", "day", "reason");
        foreach (var (kind, name) in Kinds.Where(k => k.Kind is not null))
        {
            foreach (var f in report.First(kind!.Value).Take(Shown))
            {
                Screen.Row(
                    found, Number(f.Line), $"{name}, {Name(f.Money)}", f.Number, f.RefundNumber ?? "", Number(f.Theirs),
                    Number(f.Ours), $"{f.Day:yyyy-MM-dd}", f.Reason);
            }
        }

        if (found.Rows.Count > 0)
        {
            screen.Show(found);
        }

        foreach (var (kind, name) in Kinds.Where(k => k.Kind is not null))
        {
            More(screen, report.Total(kind!.Value), name);
        }

        var table = Screen.Table($"{scope.Channel}, {report.Period?.ToString() ?? "no day"}", "money", "#count", "#statement, fen", "#shop, fen");
        foreach (var row in Totals(report))
        {
            Screen.Row(table, row.What, row.Money, Number(row.Count), Number(row.Statement), Number(row.Shop));
        }

        screen.Show(table);
        foreach (var note in new[] { report.Note, cases.Note }.OfType<string>())
        {
            screen.Line(note);
        }

        screen.Line(string.Create(
            CultureInfo.InvariantCulture,
            $"{report.Lines:N0} lines, {report.RefusedCount:N0} refused; {cases.Needed:N0} cases needed, {cases.Filed:N0} filed, {cases.Known:N0} known, {cases.Refused:N0} not taken"));
        screen.Line(report.IsClean ? "All matched" : "NOT ALL MATCHED");
    }

    public static ReconcileDocument ToDocument(MatchScope scope, ReconciliationReport report, FiledCases cases) => new(
        scope.Channel, scope.Profile, report.Period?.ToString(), report.IsClean, report.Lines, [.. Totals(report)],
        [.. Kinds.Where(k => k.Kind is not null).SelectMany(k => report.First(k.Kind!.Value).Take(Shown))], report.RefusedCount,
        [.. report.Refused.Take(Shown).Select(r => new RefusedLine(r.File, r.Line, r.Reason))], cases, report.Note);

    private static IEnumerable<ReconcileRow> Totals(ReconciliationReport report)
    {
        foreach (var (kind, name) in Kinds)
        {
            foreach (var money in new[] { MoneyKind.Payment, MoneyKind.Refund })
            {
                if (report[kind, money] is var tally && (kind is null || tally.Count > 0))
                {
                    yield return new(name, Name(money), tally.Count, tally.Theirs, tally.Ours);
                }
            }
        }
    }

    private static void More(Screen screen, long count, string what)
    {
        if (count > Shown)
        {
            screen.Line(string.Create(CultureInfo.InvariantCulture, $"… and {count - Shown:N0} more: {what}"));
        }
    }

    private static string Name(MoneyKind money) => JsonNamingPolicy.KebabCaseLower.ConvertName(money.ToString());

    private static string Number(long? value) => value?.ToString("N0", CultureInfo.InvariantCulture) ?? "";
}
