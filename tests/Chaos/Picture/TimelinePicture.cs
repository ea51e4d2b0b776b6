using System.Globalization;
using System.Net;
using System.Text;
using CardShop.Tests.Chaos.Load;

namespace CardShop.Tests.Chaos.Picture;

/// <summary>One bar below the curves.</summary>
/// <param name="IsLog">Drawn in another colour: orders cannot be accepted then.</param>
public sealed record PictureBar(double From, double To, string Label, bool IsLog);

/// <summary>A run at a glance, as SVG: orders per second, the time to accept one, and what was hurt when. Pure.</summary>
public static class TimelinePicture
{
    private const int Width = 1_600;
    private const int Left = 70;
    private const int Right = 24;
    private const int RateTop = 120;
    private const int RateHeight = 250;
    private const int TimeTop = 420;
    private const int TimeHeight = 130;
    private const int BarsTop = 604;
    private const int BarHeight = 13;
    private const int LaneHeight = 19;
    private const double CharacterWidth = 5.7;
    private const double SlowestMs = 10_000;

    /// <param name="title">The first line.</param>
    /// <param name="lines">Below it, one or two lines of figures.</param>
    public static string Draw(string title, IReadOnlyList<string> lines, IReadOnlyList<LoadSecond> seconds, IReadOnlyList<PictureBar> bars)
    {
        var lanes = Lanes(bars, seconds.Count);
        var height = BarsTop + ((lanes.Count == 0 ? 1 : lanes.Max() + 1) * LaneHeight) + 40;
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {height}" width="{Width}" height="{height}" font-family="DejaVu Sans, Helvetica, Arial, sans-serif" font-size="11" fill="#222">
            <rect width="{Width}" height="{height}" fill="#fff"/>
            <text x="{Left}" y="32" font-size="20" font-weight="bold">{Text(title)}</text>

            """);
        for (var i = 0; i < lines.Count; i++)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left}\" y=\"{54 + (i * 18)}\" font-size=\"13\" fill=\"#444\">{Text(lines[i])}</text>\n");
        }

        Shades(svg, seconds.Count, bars);
        Rates(svg, seconds);
        Times(svg, seconds);
        Bars(svg, seconds.Count, bars, lanes);
        Minutes(svg, seconds.Count, height);
        return svg.Append("</svg>\n").ToString();
    }

    /// <summary>Which row each bar gets, so that neither bars nor their labels overlap.</summary>
    private static List<int> Lanes(IReadOnlyList<PictureBar> bars, int count)
    {
        var ends = new List<double>();
        var lanes = new List<int>();
        foreach (var bar in bars)
        {
            var from = X(bar.From, count);
            var lane = ends.FindIndex(e => e < from);
            if (lane < 0)
            {
                lane = ends.Count;
                ends.Add(0);
            }

            ends[lane] = Math.Max(X(bar.To, count), LabelEnd(bar, count)) + 6;
            lanes.Add(lane);
        }

        return lanes;
    }

    /// <summary>A label begins behind its bar's beginning, or ends there where the picture ends.</summary>
    private static double LabelEnd(PictureBar bar, int count) => X(bar.To, count) + 4 + (bar.Label.Length * CharacterWidth);

    private static void Shades(StringBuilder svg, int count, IReadOnlyList<PictureBar> bars)
    {
        foreach (var bar in bars)
        {
            var (from, to) = (X(bar.From, count), X(bar.To, count));
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<rect x=\"{from:0.0}\" y=\"{RateTop}\" width=\"{Math.Max(1, to - from):0.0}\" height=\"{TimeTop + TimeHeight - RateTop}\" fill=\"{(bar.IsLog ? "#d62728" : "#7f7f7f")}\" opacity=\"{(bar.IsLog ? "0.13" : "0.08")}\"/>\n");
        }
    }

    private static void Rates(StringBuilder svg, IReadOnlyList<LoadSecond> seconds)
    {
        var offered = seconds.Count == 0 ? 0 : seconds.Max(s => s.Offered);
        var caughtUp = seconds.Count == 0 ? 0 : seconds.Max(s => s.Delivered);
        var top = Ceiling(Math.Max(1, Math.Max(offered * 1.3, Math.Min(caughtUp, offered * 4))));
        Label(svg, RateTop - 14, "orders per second");
        for (var i = 0; i <= 4; i++)
        {
            var value = top * i / 4;
            Grid(svg, RateTop + RateHeight - (RateHeight * i / 4.0), string.Create(CultureInfo.InvariantCulture, $"{value:0}"));
        }

        double Y(double value) => RateTop + RateHeight - (RateHeight * Math.Min(value, top) / top);
        Curve(svg, seconds, s => Y(s.Delivered), "#2ca02c", 1);
        Curve(svg, seconds, s => Y(s.Offered), "#9e9e9e", 2.4);
        Curve(svg, seconds, s => Y(s.Accepted), "#1f4fa3", 1.2);
        Legend(svg, RateTop - 14, [("#9e9e9e", "offered"), ("#1f4fa3", "accepted"), ("#2ca02c", "delivered (as the partner reads it)")]);
    }

    private static void Times(StringBuilder svg, IReadOnlyList<LoadSecond> seconds)
    {
        Label(svg, TimeTop - 14, "p99 from order due to order accepted");
        double Y(double ms) => TimeTop + TimeHeight - (TimeHeight * Math.Log10(Math.Clamp(ms, 1, SlowestMs)) / Math.Log10(SlowestMs));
        foreach (var (ms, text) in new[] { (1.0, "1 ms"), (10, "10 ms"), (100, "100 ms"), (1_000, "1 s"), (SlowestMs, "10 s") })
        {
            Grid(svg, Y(ms), text);
        }

        Curve(svg, seconds, s => s.P99Ms > 0 ? Y(s.P99Ms) : null, "#8c3fa8", 1.1);
    }

    private static void Bars(StringBuilder svg, int count, IReadOnlyList<PictureBar> bars, List<int> lanes)
    {
        Label(svg, BarsTop - 12, "faults, from the first harm until all is up again");
        Legend(svg, BarsTop - 12, [("#d62728", "the log broker is hurt"), ("#5a6b7b", "anything else")]);
        for (var i = 0; i < bars.Count; i++)
        {
            var bar = bars[i];
            var (from, to) = (X(bar.From, count), X(bar.To, count));
            var y = BarsTop + (lanes[i] * LaneHeight);
            var isAtEdge = LabelEnd(bar, count) > Width - 2;
            svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"{from:0.0}\" y=\"{y}\" width=\"{Math.Max(2, to - from):0.0}\" height=\"{BarHeight}\" rx=\"2\" fill=\"{(bar.IsLog ? "#d62728" : "#5a6b7b")}\"/>");
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{(isAtEdge ? from - 4 : to + 4):0.0}\" y=\"{y + 10}\" font-size=\"10\"{(isAtEdge ? " text-anchor=\"end\"" : "")}>{Text(bar.Label)}</text>\n");
        }
    }

    private static void Minutes(StringBuilder svg, int count, int height)
    {
        var step = count > 1_200 ? 120 : count > 400 ? 60 : 30;
        for (var second = 0; second <= count; second += step)
        {
            var x = X(second, count);
            svg.Append(CultureInfo.InvariantCulture, $"<line x1=\"{x:0.0}\" y1=\"{RateTop}\" x2=\"{x:0.0}\" y2=\"{height - 30}\" stroke=\"#000\" opacity=\"0.07\"/>");
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{x:0.0}\" y=\"{height - 14}\" text-anchor=\"middle\" fill=\"#444\">{second / 60}:{second % 60:00}</text>\n");
        }
    }

    private static void Curve(StringBuilder svg, IReadOnlyList<LoadSecond> seconds, Func<LoadSecond, double?> y, string colour, double width)
    {
        var path = new StringBuilder();
        var pen = false;
        for (var i = 0; i < seconds.Count; i++)
        {
            if (y(seconds[i]) is not { } at)
            {
                pen = false;
                continue;
            }

            path.Append(CultureInfo.InvariantCulture, $"{(pen ? 'L' : 'M')}{X(i + 0.5, seconds.Count):0.0} {at:0.0}");
            pen = true;
        }

        svg.Append(CultureInfo.InvariantCulture, $"<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\" stroke-linejoin=\"round\"/>\n");
    }

    private static void Grid(StringBuilder svg, double y, string text)
    {
        svg.Append(CultureInfo.InvariantCulture, $"<line x1=\"{Left}\" y1=\"{y:0.0}\" x2=\"{Width - Right}\" y2=\"{y:0.0}\" stroke=\"#000\" opacity=\"0.12\"/>");
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left - 6}\" y=\"{y + 4:0.0}\" text-anchor=\"end\" fill=\"#444\">{text}</text>\n");
    }

    private static void Label(StringBuilder svg, int y, string text) =>
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left}\" y=\"{y}\" font-size=\"12\" font-weight=\"bold\">{Text(text)}</text>\n");

    private static void Legend(StringBuilder svg, int y, IReadOnlyList<(string Colour, string Text)> entries)
    {
        var x = 420.0;
        foreach (var (colour, text) in entries)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"{x:0}\" y=\"{y - 9}\" width=\"18\" height=\"9\" fill=\"{colour}\"/>");
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{x + 24:0}\" y=\"{y}\">{Text(text)}</text>\n");
            x += 60 + (text.Length * 6.6);
        }
    }

    /// <summary>The next number of the kind 1, 2, 4 or 5 times a power of ten.</summary>
    private static double Ceiling(double value)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(value)));
        double[] steps = [1, 2, 4, 5, 6, 8, 10];
        return power * steps.First(s => s * power >= value);
    }

    private static double X(double second, int count) =>
        Left + ((Width - Left - Right) * Math.Clamp(second, 0, Math.Max(1, count)) / Math.Max(1, count));

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
