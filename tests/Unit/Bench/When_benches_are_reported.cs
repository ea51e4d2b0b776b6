using System.Text.RegularExpressions;
using System.Xml.Linq;
using CardShop.Tests.Bench;
using CardShop.Tests.Bench.Report;
using Xunit;

namespace CardShop.Tests.Unit.Bench;

public sealed partial class When_benches_are_reported
{
    private static readonly TimeSpan Ten = TimeSpan.FromSeconds(10);

    private static readonly BenchOccasion Occasion = new(
        ["2 processors (<model> & more), 23.5 GiB of memory"], "commit abc", "0.10 0.20 0.30", DateTimeOffset.UnixEpoch,
        ["broker", "pipeline", "latency"]);

    private static readonly BenchSection Pipeline = Section(
        "pipeline", BenchResult.Of("pipeline.spread", 2_000, "orders/s", 9_000), BenchResult.Of("pipeline.spread.cpu", 0.2, "CPU ms/order", 0.1));

    [Fact]
    public void Every_figure_stands_beside_its_limit_and_its_target()
    {
        var text = ReportText.Write(Occasion, [Pipeline], Ten);

        Assert.Contains("| pipeline.spread | 2,000 orders/s | 9,000 | 0.222 | ≥ 8,700 orders/s | **not met** |", text, StringComparison.Ordinal);
        Assert.Contains("| pipeline.spread.cpu | 0.200 CPU ms/order | 0.100 | 2.00 | ≤ 0.22 CPU ms/order | met |", text, StringComparison.Ordinal);
        Assert.Contains("1 of 2 targets met; not met: pipeline.spread; not run yet: broker, latency", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_figure_without_limit_or_target_has_neither()
    {
        var text = ReportText.Write(Occasion, [Section("keys", BenchResult.Of("keys.memory.shopctl", 215, "MB", 0))], Ten);

        Assert.Contains("| keys.memory.shopctl | 215 MB | – | – | – |  |", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bench_that_failed_is_in_the_table_and_in_the_picture()
    {
        var failed = Pipeline with { Results = [], Failure = "a | b <c>\nsecond line" };

        var text = ReportText.Write(Occasion, [failed], Ten);
        var picture = XDocument.Parse(FiguresPicture.Draw(Occasion, [failed]));

        Assert.Contains("| pipeline | **failed** | | | | a \\| b &lt;c> |", text, StringComparison.Ordinal);
        Assert.Contains("**failed: pipeline**", text, StringComparison.Ordinal);
        Assert.Contains("    second line", text, StringComparison.Ordinal);
        Assert.Contains(Texts(picture), t => t == "failed: a | b <c>");
    }

    /// <summary>Only lines of the table begin with a bar, and each has as many as its head: nothing breaks out of its cell.</summary>
    [Fact]
    public void What_benches_say_does_not_break_the_table()
    {
        var odd = Section("x|y", new BenchResult("a|b", 1, "c\n|d", 0, 0)) with { Failure = "|\n|", Notes = ["| not a row |\nnor this"] };

        var lines = ReportText.Write(Occasion, [odd], Ten).Split('\n').Where(l => l.StartsWith('|')).ToList();

        Assert.Equal(4, lines.Count);
        Assert.All(lines, l => Assert.Equal(7, Bars().Count(l)));
    }

    [Fact]
    public void The_picture_is_well_formed_and_shows_every_figure_with_its_words()
    {
        var sections = new[] { Section("<broker> & \"log\"", BenchResult.Of("broker.produce", 400_000, "records/s", 300_000)), Pipeline };

        var picture = XDocument.Parse(FiguresPicture.Draw(Occasion, sections));

        var texts = Texts(picture).ToList();
        Assert.Contains("<broker> & \"log\"", texts);
        Assert.Contains(texts, t => t.Contains("<model> & more", StringComparison.Ordinal));
        Assert.Contains("0.200 CPU ms/order", texts);
        Assert.Contains("met, ≥ 150,000 records/s", texts);
        Assert.Contains("not met, ≥ 8,700 orders/s", texts);
    }

    [Fact]
    public void Bars_stay_in_their_panels_however_large_a_figure_is()
    {
        var sections = new[] { Section("broker", BenchResult.Of("broker.produce", 9e12, "records/s", 1), BenchResult.Of("broker.consume", 0, "records/s", 1e9)) };

        var picture = XDocument.Parse(FiguresPicture.Draw(Occasion, sections));

        var width = double.Parse(picture.Root!.Attribute("width")!.Value, System.Globalization.CultureInfo.InvariantCulture);
        Assert.All(
            picture.Descendants().Where(e => e.Name.LocalName == "rect" && e.Attribute("x") is not null),
            r => Assert.InRange(Number(r, "x") + Number(r, "width"), 0, width));
    }

    [Fact]
    public void A_run_that_has_just_begun_has_a_report_and_a_picture()
    {
        Assert.Contains("0 of 0 targets met; not run yet: broker, pipeline, latency", ReportText.Write(Occasion, [], TimeSpan.Zero), StringComparison.Ordinal);
        XDocument.Parse(FiguresPicture.Draw(Occasion, []));
        XDocument.Parse(LinesPicture.Draw("t", "s", "MB", [new("empty", [])], []));
    }

    [Fact]
    public void Curves_and_bounds_lie_within_their_picture()
    {
        var picture = XDocument.Parse(LinesPicture.Draw(
            "memory <MB>", "a & b", "MB",
            [new("api", [.. Enumerable.Range(0, 360).Select(i => (i * 5.0, 150.0 + (i % 7)))]), new("fleet", [(0, 0), (1_800, 260)])],
            [(200, "api & more: 200 MB"), (250, "fleets: 250 MB")]));

        Assert.Contains(Texts(picture), t => t == "api & more: 200 MB");
        Assert.Contains(Texts(picture), t => t == "30:00");
        var bounds = picture.Descendants().Where(e => (string?)e.Attribute("class") == "bound").Select(e => Number(e, "y1")).ToList();
        Assert.Equal(2, bounds.Count);
        Assert.True(bounds[1] < bounds[0], "250 MB lies above 200 MB");
        Assert.All(bounds, b => Assert.InRange(b, 0, Number(picture.Root!, "height")));
    }

    private static BenchSection Section(string bench, params BenchResult[] results) => new(bench, results, null, Ten, Ten, 0.1, [], []);

    private static IEnumerable<string> Texts(XDocument picture) =>
        picture.Descendants().Where(e => e.Name.LocalName == "text").Select(e => e.Value);

    private static double Number(XElement element, string attribute) =>
        double.Parse(element.Attribute(attribute)!.Value, System.Globalization.CultureInfo.InvariantCulture);

    [GeneratedRegex(@"(?<!\\)\|", RegexOptions.CultureInvariant)]
    private static partial Regex Bars();
}
