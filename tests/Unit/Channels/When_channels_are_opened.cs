using CardShop.Shop.Channels;
using CardShop.Shop.Channels.Alipay;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace CardShop.Tests.Unit.Channels;

public sealed class When_channels_are_opened
{
    [Fact]
    public void Only_those_with_a_profile_are_offered_with_their_profiles_in_order()
    {
        var options = new PaymentChannelOptions
        {
            Alipay = new()
            {
                Profiles = [FakeGateway.Profile("first", sellerId: "1"), FakeGateway.Profile("second", sellerId: "2")],
            },
        };
        var offered = Assert.Single(PaymentChannels.Open(options, ChannelUse.Call, TimeProvider.System));
        Assert.Equal("alipay", offered.Channel.Name);
        Assert.Equal(["first", "second"], offered.Profiles);
        Assert.Equal(["first", "second"], PaymentChannels.Profiles(options)["alipay"]);
        Assert.Single(PaymentChannels.Profiles(options));
        Assert.Contains(offered.Channel.Name, PaymentChannels.Known);
    }

    [Fact]
    public void A_shop_without_any_is_told_what_is_missing()
    {
        var failure = Assert.Throws<ChannelSettingsException>(
            () => PaymentChannels.Open(new(), ChannelUse.Verify, TimeProvider.System));
        Assert.Contains("Channels__alipay__Profiles__0__Name", failure.Message, StringComparison.Ordinal);
        Assert.Empty(PaymentChannels.Profiles(new()));
    }

    [Fact]
    public void They_are_bound_from_the_settings_by_the_channels_name()
    {
        var options = new ConfigurationBuilder()
            .AddInMemoryCollection(PaymentChannels.Known.Take(1).Append("unionpay").ToDictionary(
                c => $"Channels:{c}:Profiles:0:Name", c => (string?)("of " + c)))
            .Build().GetSection(PaymentChannelOptions.Section).Get<PaymentChannelOptions>()!;
        var profiles = PaymentChannels.Profiles(options);
        Assert.Equal(["alipay", "unionpay"], profiles.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(["of unionpay"], profiles["unionpay"]);
    }

    [Fact]
    public async Task A_process_that_only_verifies_needs_no_private_key_and_can_call_nobody()
    {
        var good = FakeGateway.Profile();
        var options = new AlipayOptions
        {
            Profiles =
            [
                new()
                {
                    Name = good.Name, AppId = good.AppId, Gateway = good.Gateway, NotifyUrl = good.NotifyUrl,
                    AlipayPublicKey = good.AlipayPublicKey, PrivateKeyFile = "not-there.pem",
                },
            ],
        };
        Assert.Throws<ChannelSettingsException>(() => new AlipayChannel(options, TimeProvider.System));
        using var channel = new AlipayChannel(options, TimeProvider.System, use: ChannelUse.Verify);
        Assert.NotNull(channel.Verify("x=1"u8.ToArray(), new Dictionary<string, string>(), default).Refusal);
        await Assert.ThrowsAsync<InvalidOperationException>(() => channel.QueryAsync(
            ScriptedChannel.Payment with { Profile = good.Name }, TestContext.Current.CancellationToken));
    }
}
