using CardShop.Shop.Channels.Alipay;
using Xunit;

namespace CardShop.Tests.Unit.Channels;

public sealed class When_writing_alipay_amounts_and_times
{
    [Theory]
    [InlineData(1, "0.01")]
    [InlineData(10, "0.10")]
    [InlineData(99, "0.99")]
    [InlineData(100, "1.00")]
    [InlineData(8888, "88.88")]
    [InlineData(9_007_199_254_740_993, "90071992547409.93")]
    [InlineData(10_000_000_000, "100000000.00")]
    public void Fen_become_yuan_with_two_decimals(long minor, string yuan)
    {
        Assert.Equal(yuan, AlipayText.Yuan(minor));
    }

    [Theory]
    [InlineData("0.01", 1)]
    [InlineData("0.1", 10)]
    [InlineData("1", 100)]
    [InlineData("88.88", 8888)]
    [InlineData("007.50", 750)]
    [InlineData("100000000.00", 10_000_000_000)]
    public void Yuan_become_fen_exactly(string yuan, long minor)
    {
        Assert.True(AlipayText.TryFen(yuan, out var read));
        Assert.Equal(minor, read);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(".")]
    [InlineData(".5")]
    [InlineData("5.")]
    [InlineData("1.001")]
    [InlineData("1,00")]
    [InlineData("-1.00")]
    [InlineData("+1.00")]
    [InlineData(" 1.00")]
    [InlineData("1e3")]
    [InlineData("1.0.0")]
    [InlineData("٣.00")]
    [InlineData("100000000.01")]
    [InlineData("99999999999999999999")]
    public void What_is_no_amount_is_not_read(string? yuan)
    {
        Assert.False(AlipayText.TryFen(yuan, out _));
    }

    [Fact]
    public void Every_amount_reads_back_as_it_was_written()
    {
        for (long minor = 0; minor <= 100_000; minor++)
        {
            Assert.True(AlipayText.TryFen(AlipayText.Yuan(minor), out var read) && read == minor, $"{minor}");
        }
    }

    [Fact]
    public void Times_are_beijing_times()
    {
        var moment = new DateTimeOffset(2025, 12, 31, 16, 0, 1, 999, TimeSpan.Zero);

        Assert.Equal("2026-01-01 00:00:01", AlipayText.Time(moment));
        Assert.Equal(
            new DateTimeOffset(2025, 12, 31, 16, 0, 1, TimeSpan.Zero), AlipayText.ParseTime("2026-01-01 00:00:01"));
        Assert.Equal(moment, AlipayText.ParseTime("2026-01-01 00:00:01.999"));
        Assert.Null(AlipayText.ParseTime("2026-01-01T00:00:01"));
        Assert.Null(AlipayText.ParseTime(null));
    }
}
