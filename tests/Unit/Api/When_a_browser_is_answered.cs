using CardShop.Api;
using CardShop.Pipeline.Log;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace CardShop.Tests.Unit.Api;

public sealed class When_a_browser_is_answered
{
    [Theory]
    [InlineData(null, "http", false)]
    [InlineData("http://shop.example", "http", false)]
    [InlineData("https://shop.example", "http", true)]
    [InlineData(null, "https", true)]
    public void It_is_told_to_guess_nothing_to_name_nobody_and_to_stay_on_https(string? publicUrl, string scheme, bool strict)
    {
        var context = new DefaultHttpContext { Request = { Scheme = scheme } };
        new SecurityHeaders(Settings() with { PublicUrl = publicUrl }).Set(context);

        var headers = context.Response.Headers;
        Assert.Equal("nosniff", headers.XContentTypeOptions);
        Assert.Equal("no-referrer", headers["Referrer-Policy"]);
        Assert.Equal("default-src 'none'; frame-ancestors 'none'", headers.ContentSecurityPolicy);
        Assert.Equal(strict, headers.StrictTransportSecurity.Count == 1);
    }

    private static ApiSettings Settings() => new(
        'a', true, new KafkaSettings("127.0.0.1:1", "test", TimeSpan.FromSeconds(1), TimeSpan.Zero), null, "secrets", 1, 1);
}
