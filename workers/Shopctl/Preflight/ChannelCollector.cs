using System.Net;
using CardShop.Shop.Channels;
using CardShop.Shopctl.Settings;
using Microsoft.Extensions.Configuration;

namespace CardShop.Shopctl.Preflight;

/// <summary>Reads the payment channels' settings as the fleets do, and asks whether their providers can be reached.</summary>
internal static class ChannelCollector
{
    private const string Area = "payment channels";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    /// <summary>HTTP's Date has no fractions of a second, and servers make it anew once a second: it is up to 2 s old.</summary>
    private static readonly TimeSpan DateAge = TimeSpan.FromSeconds(1);

    public static async Task<IReadOnlyList<CheckResult>> AskAsync(
        ShopctlSettings settings, TimeProvider time, CancellationToken cancellation)
    {
        var configuration = settings.Configuration();
        var section = configuration.GetSection(PaymentChannelOptions.Section);
        if (!section.GetChildren().Any())
        {
            return
            [
                new(
                    Area, "settings", Verdict.Warn, "no setting Channels__… in this environment",
                    "Run it with the environment of the fleets: without a channel neither they nor the API start."),
            ];
        }

        PaymentChannelOptions options;
        var results = new List<CheckResult>();
        try
        {
            options = section.Get<PaymentChannelOptions>() ?? new();
            foreach (var offered in PaymentChannels.Open(options, ChannelUse.Call, time))
            {
                results.Add(new(
                    Area, offered.Channel.Name, Verdict.Ok, "profiles with keys that can be used: " + string.Join(", ", offered.Profiles)));
            }
        }
        catch (Exception e) when (e is ChannelSettingsException or InvalidOperationException)
        {
            return [new(Area, "settings", Verdict.Setting, e.Message, "Correct the setting that is named.")];
        }

        var gateways = options.Alipay.Profiles.Select(p => ("alipay", p.Gateway))
            .Concat(options.Wechat.Profiles.Select(p => ("wechat", p.Gateway)))
            .Concat(options.Unionpay.Profiles.Select(p => ("unionpay", p.Gateway)))
            .DistinctBy(g => new Uri(g.Gateway).Authority + g.Item1);
        using var http = Client();
        foreach (var reached in await Task.WhenAll(gateways.Select(g => ReachAsync(http, g.Item1, new(g.Gateway), time, cancellation))))
        {
            results.AddRange(reached);
        }

        return [.. results.DistinctBy(r => (r.Area, r.Check))];
    }

    /// <summary>Any answer is one, whatever its status: the gateway is there.</summary>
    public static async Task<IReadOnlyList<CheckResult>> ReachAsync(
        HttpClient http, string name, Uri address, TimeProvider time, CancellationToken cancellation)
    {
        var before = time.GetUtcNow();
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, address.GetLeftPart(UriPartial.Path));
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            var half = (time.GetUtcNow() - before) / 2;
            var there = new CheckResult(Area, name + " provider", Verdict.Ok, $"{address.Host} answers");
            return answer.Headers.Date is { } date
                ? [there, HostRules.Clock(new(address.Authority, date + DateAge - (before + half), half + DateAge))]
                : [there];
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !cancellation.IsCancellationRequested)
        {
            return
            [
                new(
                    Area, name + " provider", Verdict.Warn, $"{address.Host} cannot be reached: {e.Message.TrimEnd('.')}",
                    "Open the firewall for outgoing HTTPS to it; until then this channel is down."),
            ];
        }
    }

    public static HttpClient Client() => new(new SocketsHttpHandler
    {
        ConnectTimeout = Limit,
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
    })
    {
        Timeout = Limit,
    };
}
