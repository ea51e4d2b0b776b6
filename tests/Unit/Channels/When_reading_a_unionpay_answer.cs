using System.Text;
using CardShop.Shop.Channels.UnionPay;
using Xunit;

namespace CardShop.Tests.Unit.Channels;

public sealed class When_reading_a_unionpay_answer
{
    [Fact]
    public void Values_hold_equals_signs_line_ends_and_nested_pairs()
    {
        var fields = Read("signature=AA==&signPubKeyCert=-----B\r\nMII=\r\n-----E&respMsg=成功[0000000]&info={a=1&b=2}&x=&z=a&y=%41+");

        Assert.Equal(
            new Dictionary<string, string>
            {
                ["signature"] = "AA==",
                ["signPubKeyCert"] = "-----B\r\nMII=\r\n-----E",
                ["respMsg"] = "成功[0000000]",
                ["info"] = "{a=1&b=2}",
                ["x"] = "",
                ["z"] = "a",
                ["y"] = "%41+",
            },
            fields);
    }

    [Fact]
    public void What_was_written_is_read_again()
    {
        var fields = new Dictionary<string, string> { ["a"] = "1=2", ["b"] = "[&]", ["c"] = "\r\n" };

        Assert.Equal(fields, Read(UnionPayText.WriteAnswer(fields)));
    }

    [Theory]
    [InlineData("a=1&a=2")]
    [InlineData("a=1&b")]
    [InlineData("=1")]
    [InlineData("a b=1")]
    [InlineData("<html>Bad gateway</html>")]
    [InlineData("<html lang=en>")]
    public void What_is_not_sound_is_not_read(string text)
    {
        Assert.Null(Read(text));
    }

    [Fact]
    public void Too_many_fields_and_broken_text_are_not_read()
    {
        Assert.Null(Read(string.Join('&', Enumerable.Range(0, 300).Select(one => $"n{one}=1"))));
        Assert.Null(UnionPayText.ReadAnswer([(byte)'a', (byte)'=', 0xFF]));
    }

    [Theory]
    [InlineData("0101120000", "20260101115900", "2026-01-01T04:00:00Z")]
    [InlineData("0101000010", "20251231235950", "2025-12-31T16:00:10Z")]
    [InlineData("1231235959", "20251231235950", "2025-12-31T15:59:59Z")]
    [InlineData("0230120000", "20260101115900", null)]
    [InlineData("", "20260101115900", null)]
    [InlineData("0101120000", null, null)]
    [InlineData(null, "20260101115900", null)]
    public void A_trace_time_has_the_orders_year_or_the_next(string? traceTime, string? txnTime, string? expected)
    {
        Assert.Equal(
            expected is null ? null : DateTimeOffset.Parse(expected, System.Globalization.CultureInfo.InvariantCulture),
            UnionPayText.TraceTime(traceTime, txnTime)?.ToUniversalTime());
    }

    [Theory]
    [InlineData("1", true, 1)]
    [InlineData("999999999999", true, 999_999_999_999)]
    [InlineData("1000000000000", false, 0)]
    [InlineData("-1", false, 0)]
    [InlineData("1.00", false, 0)]
    [InlineData(" 1", false, 0)]
    [InlineData("", false, 0)]
    [InlineData(null, false, 0)]
    public void Amounts_are_whole_fen(string? text, bool expected, long minor)
    {
        Assert.Equal((expected, minor), (UnionPayText.TryFen(text, out var read), read));
    }

    private static Dictionary<string, string>? Read(string text) => UnionPayText.ReadAnswer(Encoding.UTF8.GetBytes(text));
}
