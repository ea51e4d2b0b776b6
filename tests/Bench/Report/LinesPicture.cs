using System.Globalization;
using System.Text;

namespace CardShop.Tests.Bench.Report;

/// <summary>One curve.</summary>
/// <param name="Points">Seconds and values, by time.</param>
public sealed record PictureLine(string Name, IReadOnlyList<(double Second, double Value)> Points);

/// <summary>Values over time, with bounds that should not be passed. Pure.</summary>
public static class LinesPicture
{
    private const int Width = 1_180;
    private const int Left = 64;
    private const int Right = 200;
    private const int Top = 96;
    private const int PlotHeight = 330;
    private const int LabelHeight = 17;
    private const int Colours = 5;

    /// <param name="unit">Of the values, for the axis.</param>
    /// <param name="bounds">Dashed, with their words.</param>
    public static string Draw(
        string title, string subtitle, string unit, IReadOnlyList<PictureLine> lines, IReadOnlyList<(double Value, string Text)> bounds)
    {
        var svg = new Svg();
        svg.Text(Left, 38, title, "title");
        svg.Text(Left, 60, subtitle, "soft");
        var end = Math.Max(1, lines.SelectMany(l => l.Points).Select(p => p.Second).DefaultIfEmpty(0).Max());
        var step = Step(lines.SelectMany(l => l.Points).Select(p => p.Value).Concat(bounds.Select(b => b.Value)).DefaultIfEmpty(1).Max() * 1.08 / 6);
        var most = step * 6;
        double X(double second) => Left + ((Width - Left - Right) * second / end);
        double Y(double value) => Top + PlotHeight - (PlotHeight * Math.Clamp(value, 0, most) / most);

        svg.Text(Left, Top - 12, unit, "soft", "end");
        for (var i = 0; i <= 6; i++)
        {
            svg.Line(Left, Y(step * i), Width - Right, Y(step * i), "grid");
            svg.Text(Left - 8, Y(step * i) + 4, (step * i).ToString("#,0.##", CultureInfo.InvariantCulture), "soft", "end");
        }

        var tick = TimeStep(end);
        for (var second = 0.0; second <= end; second += tick)
        {
            svg.Line(X(second), Top, X(second), Top + PlotHeight, "grid");
            svg.Text(X(second), Top + PlotHeight + 20, Clock(second), "soft", "middle");
        }

        for (var i = 0; i < lines.Count; i++)
        {
            svg.Path(Path(lines[i].Points, X, Y), $"line s{i % Colours}");
        }

        foreach (var (value, text) in bounds)
        {
            svg.Line(Left, Y(value), Width - Right, Y(value), "bound");
            svg.Text(Left + 6, Y(value) - 5, text, "fail");
        }

        Labels(svg, lines, Y);
        return svg.Close(Width, Top + PlotHeight + 40, title);
    }

    /// <summary>Each curve's name at its end, moved apart where ends are close together.</summary>
    private static void Labels(Svg svg, IReadOnlyList<PictureLine> lines, Func<double, double> y)
    {
        var free = double.MinValue;
        foreach (var (line, colour) in lines.Select((l, i) => (l, i % Colours)).Where(l => l.l.Points.Count > 0)
            .OrderBy(l => y(l.l.Points[^1].Value)))
        {
            var last = line.Points[^1];
            var at = Math.Max(free, y(last.Value) + 4);
            svg.Text(Width - Right + 8, at, $"{line.Name} {Figures.Number(last.Value)}", $"t{colour}");
            free = at + LabelHeight;
        }
    }

    private static string Path(IReadOnlyList<(double Second, double Value)> points, Func<double, double> x, Func<double, double> y)
    {
        var path = new StringBuilder();
        foreach (var (second, value) in points)
        {
            path.Append(CultureInfo.InvariantCulture, $"{(path.Length == 0 ? 'M' : 'L')}{x(second):0.0} {y(value):0.0}");
        }

        return path.Length == 0 ? "M0 0" : path.ToString();
    }

    /// <summary>The next number of the kind 1, 2, 2.5 or 5 times a power of ten.</summary>
    private static double Step(double value)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(Math.Max(value, 1e-9))));
        return new[] { 1, 2, 2.5, 5, 10 }.First(s => s * power >= value * 0.999_999) * power;
    }

    private static double TimeStep(double seconds) =>
        new double[] { 10, 20, 30, 60, 120, 300, 600, 1_200, 3_600 }.FirstOrDefault(s => seconds / s <= 12, 7_200);

    private static string Clock(double second) => string.Create(CultureInfo.InvariantCulture, $"{(int)second / 60}:{(int)second % 60:00}");
}
