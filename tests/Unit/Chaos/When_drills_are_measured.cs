using CardShop.Tests.Chaos;
using CardShop.Tests.Chaos.Drills.Load;
using CardShop.Tests.Chaos.Drills.Machines;
using Xunit;

namespace CardShop.Tests.Unit.Chaos;

public sealed class When_drills_are_measured
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 4, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("1 2 3 9", 6)]
    [InlineData("9 3 1 2", 6)]
    [InlineData("4 5", 5)]
    [InlineData("", 10)]
    [InlineData("-5 12", 10)]
    public void The_longest_silence_counts_the_ends_too(string seconds, int longest)
    {
        var times = seconds.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(s => Start.AddSeconds(int.Parse(s, System.Globalization.CultureInfo.InvariantCulture)));
        Assert.Equal(TimeSpan.FromSeconds(longest), Gap.Longest(times, Start, Start.AddSeconds(10)));
    }

    [Fact]
    public void A_proxys_log_tells_requests_that_it_could_not_carry()
    {
        string[] lines =
        [
            "127.0.1.5:41234 [21/Nov/2026:18:22:01.123] shop api/api-1 0/0/0/3/3 202 512 - - ---- 21/21/0/0/0 0/0 \"POST /v1/orders HTTP/1.1\"",
            "127.0.1.5:41234 [21/Nov/2026:18:22:01.124] shop shop/<NOSRV> 0/-1/-1/-1/0 429 225 - - PR-- 51/51/0/0/0 0/0 \"GET /v1/orders/a HTTP/1.1\"",
            "127.0.1.5:41234 [21/Nov/2026:18:22:01.125] shop api/api-2 0/0/1/-1/9 502 0 - - SH-- 51/51/0/0/0 0/0 \"GET /v1/orders/a HTTP/1.1\"",
            "127.0.1.5:41234 [21/Nov/2026:18:22:01.126] shop api/<NOSRV> 0/-1/-1/-1/0 503 107 - - SC-- 51/51/0/0/0 0/0 \"GET /v1/orders/a HTTP/1.1\"",
            "127.0.1.5:41234 [21/Nov/2026:18:22:01.127] shop api/api-2 0/0/1/-1/+9 -1 +0 - - CD-- 51/51/0/0/0 0/0 \"GET /v1/orders/a HTTP/1.1\"",
            "Server api/api-1 is UP, reason: Layer7 check passed, code: 200.",
            "--- 2026-11-21T18:14:28.677Z haproxy started, process 13261, port 30864",
        ];
        Assert.Equal(5, HaproxyLog.Requests(lines));
        Assert.Equal(lines[2..5], HaproxyLog.Failures(lines));
        Assert.Equal(1, HaproxyLog.Ups(lines, "api/api-1"));
        Assert.Equal(0, HaproxyLog.Ups(lines, "api/api-2"));
    }

    [Fact]
    public void A_shipped_file_that_reads_otherwise_than_the_drill_thinks_stops_the_drill()
    {
        Assert.Equal("listen 2", ShippedFile.Change("a file", "listen 1", ("listen 1", "listen 2")));
        Assert.Throws<ChaosFailedException>(() => ShippedFile.Change("a file", "listen 3", ("listen 1", "listen 2")));
    }
}
