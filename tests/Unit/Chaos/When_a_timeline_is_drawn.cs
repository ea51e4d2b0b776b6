using System.Xml.Linq;
using CardShop.Tests.Chaos.Load;
using CardShop.Tests.Chaos.Picture;
using Xunit;

namespace CardShop.Tests.Unit.Chaos;

public sealed class When_a_timeline_is_drawn
{
    private static readonly IReadOnlyList<LoadSecond> Seconds = [.. Enumerable.Range(0, 300).Select(i => new LoadSecond(200, 190 + (i % 10), 190, 180, 8 + (i % 40)))];

    [Fact]
    public void It_is_well_formed_whatever_the_labels_say()
    {
        var text = TimelinePicture.Draw("a < b & c", ["<line>"], Seconds, [new(10, 20, "cut <fleet> & \"kafka\"", true)]);

        var picture = XDocument.Parse(text);

        Assert.Contains(picture.Descendants().Where(e => e.Name.LocalName == "text"), e => e.Value == "cut <fleet> & \"kafka\"");
    }

    [Fact]
    public void Bars_that_overlap_get_rows_of_their_own()
    {
        var text = TimelinePicture.Draw("t", [], Seconds, [new(10, 60, "one", false), new(30, 40, "two", false), new(250, 260, "three", true)]);

        var rows = XDocument.Parse(text).Descendants().Where(e => e.Name.LocalName == "rect" && e.Attribute("rx") is not null)
            .Select(e => e.Attribute("y")!.Value).ToList();

        Assert.Equal(3, rows.Count);
        Assert.NotEqual(rows[0], rows[1]);
        Assert.Equal(rows[0], rows[2]);
    }

    [Fact]
    public void A_run_that_ended_at_once_has_a_picture_too() => XDocument.Parse(TimelinePicture.Draw("t", [], [], []));
}
