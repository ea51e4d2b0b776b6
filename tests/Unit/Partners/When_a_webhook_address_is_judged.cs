using System.Net;
using System.Net.Sockets;
using CardShop.Shop.Partners;
using Xunit;

namespace CardShop.Tests.Unit.Partners;

public sealed class When_a_webhook_address_is_judged
{
    private static readonly WebhookOptions Strict = new();

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("10.1.2.3")]
    [InlineData("100.64.0.1")]
    [InlineData("127.0.0.1")]
    [InlineData("127.255.255.254")]
    [InlineData("169.254.169.254")]
    [InlineData("172.16.0.1")]
    [InlineData("172.31.255.255")]
    [InlineData("192.0.0.8")]
    [InlineData("192.0.2.1")]
    [InlineData("192.88.99.1")]
    [InlineData("192.168.0.1")]
    [InlineData("198.18.0.1")]
    [InlineData("198.51.100.7")]
    [InlineData("203.0.113.7")]
    [InlineData("224.0.0.1")]
    [InlineData("240.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("::127.0.0.1")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("64:ff9b::7f00:1")]
    [InlineData("64:ff9b:1::1")]
    [InlineData("100::1")]
    [InlineData("2001::1")]
    [InlineData("2001:db8::1")]
    [InlineData("2002:7f00:1::")]
    [InlineData("fc00::1")]
    [InlineData("fd12:3456::1")]
    [InlineData("fe80::1")]
    [InlineData("fec0::1")]
    [InlineData("ff02::1")]
    public void Addresses_of_our_own_networks_and_of_nobody_are_refused(string address)
    {
        Assert.False(WebhookAddress.IsPublic(IPAddress.Parse(address)));
        Assert.True(WebhookAddress.IsAllowed(IPAddress.Parse(address), new() { AllowPrivateAddresses = true }));
    }

    [Theory]
    [InlineData("1.1.1.1")]
    [InlineData("9.255.255.255")]
    [InlineData("11.0.0.0")]
    [InlineData("100.63.255.255")]
    [InlineData("100.128.0.0")]
    [InlineData("172.15.255.255")]
    [InlineData("172.32.0.0")]
    [InlineData("223.255.255.255")]
    [InlineData("::ffff:8.8.8.8")]
    [InlineData("2606:4700:4700::1111")]
    [InlineData("2400:3200::1")]
    public void Addresses_of_the_internet_are_called(string address) => Assert.True(WebhookAddress.IsPublic(IPAddress.Parse(address)));

    [Theory]
    [InlineData("https://example.org/hook?a=b", true)]
    [InlineData("https://example.org:8443/", true)]
    [InlineData("https://8.8.8.8/", true)]
    [InlineData("http://example.org/", false)]
    [InlineData("ftp://example.org/", false)]
    [InlineData("file:///etc/passwd", false)]
    [InlineData("/hook", false)]
    [InlineData("", false)]
    [InlineData("https://user:pass@example.org/", false)]
    [InlineData("https://example.org/#part", false)]
    [InlineData("https://127.0.0.1/", false)]
    [InlineData("https://127.1/", false)]
    [InlineData("https://2130706433/", false)]
    [InlineData("https://0x7f.0.0.1/", false)]
    [InlineData("https://[::1]/", false)]
    [InlineData("https://[::ffff:169.254.169.254]/", false)]
    public void An_address_is_judged_when_it_is_given(string url, bool taken) =>
        Assert.Equal(taken, WebhookAddress.Refusal(url, Strict) is null);

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    [InlineData("169.254.169.254")]
    public async Task And_again_when_it_is_called_whatever_its_name_is(string address)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        using var caller = new WebhookCaller(
            Strict with { AllowHttp = true }, TimeProvider.System, (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse(address)]));

        var answer = await caller.PostAsync(
            new($"http://looks-public.example:{port}/"), "id", [], [new byte[32]], TestContext.Current.CancellationToken);

        Assert.Equal("the name leads to an address of a private network", answer.Text);
        Assert.False(listener.Pending());
    }

    [Fact]
    public async Task A_redirect_is_not_followed_and_an_endless_answer_not_read()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var stop = TestContext.Current.CancellationToken;
        using var caller = new WebhookCaller(
            new() { AllowHttp = true, AllowPrivateAddresses = true }, TimeProvider.System);
        var url = new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/");

        var redirected = caller.PostAsync(url, "id", [], [new byte[32]], stop);
        await AnswerAsync(listener, "HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:1/\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", 0, stop);
        var first = await redirected;
        var endless = caller.PostAsync(url, "id", [], [new byte[32]], stop);
        var written = await AnswerAsync(listener, "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n", 1_000_000_000, stop);

        Assert.Equal((307, false), (first.Status, first.IsSuccess));
        Assert.Equal(200, (await endless).Status);
        Assert.True(written < 100_000_000);
    }

    /// <returns>How many bytes went out before the caller hung up.</returns>
    private static async Task<long> AnswerAsync(TcpListener listener, string head, long body, CancellationToken stop)
    {
        using var client = await listener.AcceptTcpClientAsync(stop);
        await using var stream = client.GetStream();
        var buffer = new byte[16 * 1024];
        _ = await stream.ReadAtLeastAsync(buffer, 1, cancellationToken: stop);
        await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(head), stop);
        var written = 0L;
        try
        {
            for (; written < body; written += buffer.Length)
            {
                await stream.WriteAsync(buffer, stop);
            }
        }
        catch (IOException)
        {
            // The caller hung up.
        }

        return written;
    }
}
