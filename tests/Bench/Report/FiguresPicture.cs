using System.Globalization;

namespace CardShop.Tests.Bench.Report;

/// <summary>
/// All figures at a glance: how close each comes to its raw limit, with the target marked on the same scale, and how it
/// stands to its target. Longer is better in both, whatever the unit. Pure.
/// </summary>
public static class FiguresPicture
{
    private const int Width = 1_260;
    private const int NameLeft = 28;
    private const int ValueRight = 372;
    private const int LimitLeft = 400;
    private const int TargetLeft = 768;
    private const int PanelWidth = 268;
    private const int RowHeight = 25;
    private const int GroupGap = 16;
    private const int Top = 122;
    private const double MostOfLimit = 1.25;
    private const double MostOfTarget = 2;

    public static string Draw(BenchOccasion occasion, IReadOnlyList<BenchSection> sections)
    {
        var svg = new Svg();
        svg.Text(NameLeft, 38, "CardShop's figures, longer is better", "title");
        svg.Text(NameLeft, 60, string.Join(" · ", [.. occasion.Machine.Take(1), occasion.Commit, occasion.Started.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) + " UTC"]), "soft");
        var bottom = Top + sections.Sum(Height);
        Panel(svg, LimitLeft, bottom, "share of the raw limit of the same run", MostOfLimit, [0, 0.25, 0.5, 0.75, 1]);
        Panel(svg, TargetLeft, bottom, "beside the target, which is 1", MostOfTarget, [0, 0.5, 1, 1.5, 2]);
        double y = Top;
        foreach (var section in sections)
        {
            svg.Rect(NameLeft - 10, y + 2, Width - (2 * (NameLeft - 10)), RowHeight - 4, "band", 4);
            svg.Text(NameLeft, y + 17, section.Bench, "head");
            if (section.Failure is { } failure)
            {
                svg.Text(LimitLeft, y + 17, "failed: " + Short(failure), "fail");
            }

            y += RowHeight;
            foreach (var result in section.Results)
            {
                Row(svg, y, result, BenchTargets.Of(result, section.Asked));
                y += RowHeight;
            }

            y += GroupGap;
        }

        Legend(svg, bottom + 30);
        return svg.Close(Width, bottom + 52, "CardShop's figures: " + ReportText.Verdict(occasion, sections).Replace("**", string.Empty, StringComparison.Ordinal));
    }

    private static double Height(BenchSection section) => ((section.Results.Count + 1) * RowHeight) + GroupGap;

    private static void Panel(Svg svg, double left, double bottom, string title, double most, double[] steps)
    {
        svg.Text(left, Top - 32, title, "head");
        foreach (var step in steps)
        {
            var x = left + (PanelWidth * step / most);
            svg.Line(x, Top - 6, x, bottom - GroupGap, step == 1 ? "one" : "grid");
            svg.Text(x, Top - 12, step.ToString("0.##", CultureInfo.InvariantCulture), "soft", "middle");
        }
    }

    private static void Row(Svg svg, double y, BenchResult result, BenchTarget? target)
    {
        svg.Text(NameLeft + 12, y + 17, result.Name);
        svg.Text(ValueRight, y + 17, Figures.Number(result.Value) + " " + result.Unit, "ink", "end");
        if (BenchTargets.Closeness(result) is { } closeness)
        {
            double? mark = target?.Closeness(result) is { } wanted ? LimitLeft + (PanelWidth * Math.Min(wanted, MostOfLimit) / MostOfLimit) : null;
            Bar(svg, LimitLeft, y, closeness, MostOfLimit, "bar", Figures.Number(closeness), "ink", mark);
            if (mark is { } x)
            {
                svg.Line(x, y + 2, x, y + RowHeight - 3, "mark");
            }
        }
        else
        {
            svg.Text(LimitLeft + 4, y + 17, "no raw limit", "soft");
        }

        if (target is not null)
        {
            var score = target.Score(result);
            var isMet = target.IsMetBy(result);
            Bar(
                svg, TargetLeft, y, score, MostOfTarget, isMet ? "met" : "missed",
                (isMet ? "met, " : "not met, ") + target.Text(result), isMet ? "goodtext" : "badtext");
        }
    }

    /// <summary>A bar with its words behind it, and behind a mark that stands where they would; one that would leave the panel ends in a tip.</summary>
    private static void Bar(
        Svg svg, double left, double y, double value, double most, string bar, string words, string ink, double? mark = null)
    {
        const double Height = 13;
        const double Tip = 7;
        const double WordsWidth = 48;
        var top = y + ((RowHeight - Height) / 2);
        var isOver = value > most;
        var width = PanelWidth * Math.Clamp(value / most, 0, 1);
        svg.Rect(left, top, Math.Max(1.5, isOver ? width - Tip : width), Height, bar, isOver ? 0 : 2);
        if (isOver)
        {
            svg.Path(string.Create(CultureInfo.InvariantCulture, $"M{left + width - Tip:0.0} {top:0.0}l{Tip:0.0} {Height / 2:0.0}l-{Tip:0.0} {Height / 2:0.0}z"), bar);
        }

        var end = left + width;
        svg.Text((mark > end - 1 && mark < end + WordsWidth ? mark.Value : end) + 7, y + 17, words, ink);
    }

    private static void Legend(Svg svg, double y)
    {
        svg.Line(LimitLeft + 2, y - 11, LimitLeft + 2, y + 3, "mark");
        svg.Text(LimitLeft + 12, y, "where the target lies on this scale", "soft");
        svg.Text(NameLeft, y, "of times, CPU and sizes: limit / figure", "soft");
        svg.Rect(TargetLeft, y - 10, 14, 11, "met", 2);
        svg.Text(TargetLeft + 20, y, "met", "soft");
        svg.Rect(TargetLeft + 60, y - 10, 14, 11, "missed", 2);
        svg.Text(TargetLeft + 80, y, "not met", "soft");
    }

    private static string Short(string text)
    {
        const int Most = 90;
        var line = text.ReplaceLineEndings("\n").Split('\n')[0];
        return line.Length <= Most ? line : line[..Most] + "…";
    }
}
