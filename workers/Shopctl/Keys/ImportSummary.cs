using System.Globalization;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Keys;

/// <summary>The report of an import: counts and line numbers.</summary>
public static class ImportSummary
{
    public static void Show(Screen screen, string sku, ImportReport report, TimeSpan took)
    {
        Explain(screen, "refused", report.Refused);
        Explain(screen, "duplicate", report.DuplicatesInFile);
        Explain(screen, "duplicate", report.DuplicatesInStock);
        var table = Screen.Table("import of " + sku, "#lines");
        Row("read", report.Read);
        Row("imported", report.Imported);
        Row("duplicates in the file", report.DuplicatesInFile.Count);
        Row("duplicates of stock", report.DuplicatesInStock.Count);
        Row("refused", report.Refused.Count);
        screen.Show(table);
        screen.Line(string.Create(
            CultureInfo.InvariantCulture,
            $"batches: {report.BatchesSent:N0} sent, {report.BatchesLoaded:N0} loaded, {took.TotalSeconds:F1} s"));
        if (report.BatchesKnown > 0)
        {
            screen.Line(string.Create(
                CultureInfo.InvariantCulture,
                $"Of the batches {report.BatchesKnown:N0} more had been loaded by an earlier run of the same file."));
        }

        void Row(string what, long count) =>
            Screen.Row(table, what, count.ToString("N0", CultureInfo.InvariantCulture));
    }

    private static void Explain(Screen screen, string what, LineFindings findings)
    {
        foreach (var (line, reason) in findings.First)
        {
            screen.Line(string.Create(CultureInfo.InvariantCulture, $"line {line}: {what}: {reason}"));
        }

        if (findings.Count > findings.First.Count)
        {
            screen.Line(string.Create(
                CultureInfo.InvariantCulture, $"… and {findings.Count - findings.First.Count:N0} more lines: {what}"));
        }
    }
}
