using System.Globalization;
using System.Text;

namespace CardShop.Tests.Bench.Report;

/// <summary>A run as Markdown: one table with every figure beside its limit and its target, pictures, and what belongs to them. Pure.</summary>
public static class ReportText
{
    /// <summary>The picture of all figures, in the same folder.</summary>
    public const string Overview = "figures.svg";

    /// <param name="sections">The benches that have ended; those to come are named.</param>
    /// <param name="time">Since the run began.</param>
    public static string Write(BenchOccasion occasion, IReadOnlyList<BenchSection> sections, TimeSpan time)
    {
        var text = new StringBuilder("# CardShop's figures beside the raw limits of the same run\n\n");
        foreach (var line in occasion.Machine)
        {
            text.Append("- ").Append(Escape(line)).Append('\n');
        }

        text.Append(CultureInfo.InvariantCulture, $"- {Escape(occasion.Commit)}\n");
        text.Append(CultureInfo.InvariantCulture, $"- {occasion.Started:yyyy-MM-dd HH:mm} UTC, {Figures.Time(time)}; load average at the start {Escape(occasion.Load)}\n");
        text.Append(CultureInfo.InvariantCulture, $"- {Verdict(occasion, sections)}\n\n");
        Table(text, sections);
        text.Append(CultureInfo.InvariantCulture, $"\n![Each figure as a share of its raw limit, and beside its target]({Overview})\n");
        text.Append(
            """

            The raw limit is what the bare thing did in the same run: PostgreSQL with the same rows and no logic, an endpoint that does nothing,
            a file written with fsync. Ratio = figure / limit: of rates larger is better, of times, CPU and sizes smaller. Targets are for two
            cores with everything on one machine, the load generator included.

            """);
        foreach (var section in sections)
        {
            Details(text, section);
        }

        return text.ToString();
    }

    /// <summary>One line: how many targets are met, what failed, what is still to come.</summary>
    public static string Verdict(BenchOccasion occasion, IReadOnlyList<BenchSection> sections)
    {
        var judged = sections.SelectMany(s => s.Results.Select(r => (Result: r, Target: BenchTargets.Of(r, s.Asked))))
            .Where(r => r.Target is not null).ToList();
        var missed = judged.Where(j => !j.Target!.IsMetBy(j.Result)).Select(j => j.Result.Name).ToList();
        var failed = sections.Where(s => s.Failure is not null).Select(s => s.Bench).ToList();
        var open = occasion.Wanted.Except(sections.Select(s => s.Bench)).ToList();
        return string.Create(CultureInfo.InvariantCulture, $"{judged.Count - missed.Count} of {judged.Count} targets met")
            + (missed.Count > 0 ? "; not met: " + string.Join(", ", missed) : string.Empty)
            + (failed.Count > 0 ? "; **failed: " + string.Join(", ", failed) + "**" : string.Empty)
            + (open.Count > 0 ? "; not run yet: " + string.Join(", ", open) : string.Empty);
    }

    private static void Table(StringBuilder text, IReadOnlyList<BenchSection> sections)
    {
        text.Append("| figure | value | raw limit | ratio | target | |\n|---|---:|---:|---:|---:|---|\n");
        foreach (var section in sections)
        {
            foreach (var result in section.Results)
            {
                var target = BenchTargets.Of(result, section.Asked);
                var limit = result.Limit > 0 ? Figures.Number(result.Limit) : "–";
                var ratio = result.Limit > 0 ? Figures.Number(result.Ratio) : "–";
                var met = target is null ? string.Empty : target.IsMetBy(result) ? "met" : "**not met**";
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"| {Escape(result.Name)} | {Figures.Number(result.Value)} {Escape(result.Unit)} | {limit} | {ratio} | {(target is null ? "–" : Escape(target.Text(result)))} | {met} |\n");
            }

            if (section.Failure is { } failure)
            {
                text.Append(CultureInfo.InvariantCulture, $"| {Escape(section.Bench)} | **failed** | | | | {Escape(FirstLine(failure))} |\n");
            }
        }
    }

    private static void Details(StringBuilder text, BenchSection section)
    {
        text.Append(CultureInfo.InvariantCulture, $"\n## {Escape(section.Bench)}\n\n");
        text.Append(CultureInfo.InvariantCulture, $"{Figures.Time(section.Time)}; others kept {section.Others:0.0} processors busy.\n");
        foreach (var picture in section.Pictures)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n![{Escape(picture.Caption)}]({picture.File})\n");
        }

        if (section.Notes.Count > 0)
        {
            text.Append('\n');
        }

        foreach (var note in section.Notes)
        {
            text.Append(CultureInfo.InvariantCulture, $"- {Escape(note)}\n");
        }

        if (section.Failure is { } failure)
        {
            text.Append(CultureInfo.InvariantCulture, $"\nIt failed:\n\n    {failure.ReplaceLineEndings("\n    ")}\n");
        }
    }

    private static string FirstLine(string text) => text.ReplaceLineEndings("\n").Split('\n')[0];

    /// <summary>Within a line and a cell of a table.</summary>
    private static string Escape(string text) => text.ReplaceLineEndings(" ")
        .Replace("\\", "\\\\", StringComparison.Ordinal).Replace("|", "\\|", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal).Replace("*", "\\*", StringComparison.Ordinal);
}
