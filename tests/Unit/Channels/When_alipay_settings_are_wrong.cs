using System.Security.Cryptography;
using CardShop.Shop.Channels;
using CardShop.Shop.Channels.Alipay;
using Xunit;

namespace CardShop.Tests.Unit.Channels;

public sealed class When_alipay_settings_are_wrong
{
    private const string First = "Channels:alipay:Profiles:0:";

    public static TheoryData<string, string?, string?, string?, string?, string?> OneProfile => new()
    {
        { First + "Name", " ", null, null, null, null },
        { First + "AppId", null, "", null, null, null },
        { First + "AppId", null, "2021 0000", null, null, null },
        { First + "Gateway", null, null, "openapi.alipay.com", null, null },
        { First + "Gateway", null, null, "http://openapi.alipay.com/gateway.do", null, null },
        { First + "Gateway", null, null, "ftp://openapi.alipay.com/gateway.do", null, null },
        { First + "NotifyUrl", null, null, null, "", null },
        { First + "NotifyUrl", null, null, null, "https://shop.example/" + new string('x', 256), null },
        { First + "PrivateKey", null, null, null, null, "garbage" },
        { First + "PrivateKey", null, null, null, null, AlipayVectors.PublicKey },
        { First + "PrivateKeyFile", null, null, null, null, "" },
    };

    [Theory]
    [MemberData(nameof(OneProfile))]
    public void The_message_names_the_setting(
        string setting, string? name, string? appId, string? gateway, string? notifyUrl, string? privateKey)
    {
        var good = FakeGateway.Profile();
        var failure = Fails(new AlipayProfileOptions
        {
            Name = name ?? good.Name,
            AppId = appId ?? good.AppId,
            Gateway = gateway ?? good.Gateway,
            NotifyUrl = notifyUrl ?? good.NotifyUrl,
            PrivateKey = privateKey ?? good.PrivateKey,
            AlipayPublicKey = good.AlipayPublicKey,
        });

        Assert.Equal(setting, failure.Setting);
        Assert.StartsWith(setting + ": ", failure.Message, StringComparison.Ordinal);
        Assert.Contains(
            setting.Replace(":", "__", StringComparison.Ordinal), failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("garbage", failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void No_profile_at_all_is_said()
    {
        Assert.Equal(First + "Name", Fails().Setting);
    }

    [Fact]
    public void Two_profiles_need_two_names_and_two_accounts()
    {
        Assert.Equal(
            "Channels:alipay:Profiles:1:Name",
            Fails(FakeGateway.Profile(), FakeGateway.Profile(appId: "2021000000000002")).Setting);
        Assert.Equal(
            "Channels:alipay:Profiles:1:SellerId", Fails(FakeGateway.Profile(), FakeGateway.Profile("second")).Setting);
    }

    [Fact]
    public void A_missing_key_file_is_named_by_its_setting()
    {
        var failure = Fails(With(privateKey: null, file: "/nonexistent/key.pem", AlipayVectors.PublicKey));

        Assert.Equal(First + "PrivateKeyFile", failure.Setting);
        Assert.Contains("cannot be read", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_given_twice_is_refused()
    {
        var failure = Fails(With(AlipayVectors.PrivateKey, "key.pem", AlipayVectors.PublicKey));

        Assert.Equal(First + "PrivateKeyFile", failure.Setting);
    }

    [Fact]
    public void A_private_key_in_the_place_of_the_public_one_is_refused_and_not_shown()
    {
        var failure = Fails(With(AlipayVectors.PrivateKey, null, AlipayVectors.PrivateKey));

        Assert.Equal(First + "AlipayPublicKey", failure.Setting);
        Assert.DoesNotContain("MII", failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_short_key_is_refused()
    {
        using var rsa = RSA.Create(1024);
        var failure = Fails(With(rsa.ExportPkcs8PrivateKeyPem(), null, AlipayVectors.PublicKey));

        Assert.Equal(First + "PrivateKey", failure.Setting);
    }

    [Fact]
    public void Keys_in_files_are_read()
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, AlipayVectors.PrivateKey);
        using var gateway = new FakeGateway();

        using var channel = gateway.Channel(null, With(null, file, AlipayVectors.PublicKey));

        Assert.Equal("alipay", channel.Name);
        File.Delete(file);
    }

    private static AlipayProfileOptions With(string? privateKey, string? file, string publicKey)
    {
        var good = FakeGateway.Profile();
        return new AlipayProfileOptions
        {
            Name = good.Name,
            AppId = good.AppId,
            Gateway = good.Gateway,
            NotifyUrl = good.NotifyUrl,
            PrivateKey = privateKey,
            PrivateKeyFile = file,
            AlipayPublicKey = publicKey,
        };
    }

    private static ChannelSettingsException Fails(params AlipayProfileOptions[] profiles) =>
        Assert.Throws<ChannelSettingsException>(
            () => new AlipayChannel(new AlipayOptions { Profiles = profiles }, TimeProvider.System));
}
