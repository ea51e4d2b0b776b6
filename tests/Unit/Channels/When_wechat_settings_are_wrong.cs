using CardShop.Shop.Channels;
using CardShop.Shop.Channels.WeChat;
using Xunit;

namespace CardShop.Tests.Unit.Channels;

public sealed class When_wechat_settings_are_wrong
{
    private const string First = "Channels:wechat:Profiles:0:";

    public static TheoryData<string, string, string?> OneSetting => new()
    {
        { "Name", "Name", " " },
        { "AppId", "AppId", "" },
        { "AppId", "AppId", "wx 1" },
        { "MerchantId", "MerchantId", "" },
        { "MerchantId", "MerchantId", "19x" },
        { "SerialNo", "SerialNo", "" },
        { "SerialNo", "SerialNo", "not hex" },
        { "CertificateFile", "CertificateFile", "missing.pem" },
        { "Gateway", "Gateway", "api.mch.weixin.qq.com" },
        { "Gateway", "Gateway", "http://api.mch.weixin.qq.com" },
        { "NotifyUrl", "NotifyUrl", "" },
        { "NotifyUrl", "NotifyUrl", "https://shop.example/notify?x=1" },
        { "NotifyUrl", "NotifyUrl", "https://shop.example/" + new string('x', 255) },
        { "PrivateKey", "PrivateKey", "garbage" },
        { "PrivateKey", "PrivateKeyFile", "" },
        { "PrivateKey", "PrivateKey", AlipayVectors.PublicKey },
        { "ApiV3Key", "ApiV3Key", "too short" },
        { "ApiV3Key", "ApiV3KeyFile", "" },
        { "PlatformKeys", "PlatformKeys:0:KeyFile", null },
        { "PlatformKeys.Key", "PlatformKeys:0:Key", "garbage" },
        { "PlatformKeys.Key", "PlatformKeys:0:Key", AlipayVectors.PrivateKey },
        { "PlatformKeys.Key", "PlatformKeys:0:KeyFile", "" },
        { "PlatformKeys.Key", "PlatformKeys:0:Key", "-----BEGIN CERTIFICATE-----\ngarbage\n-----END CERTIFICATE-----" },
        { "PlatformKeys.Serial", "PlatformKeys:0:Serial", "" },
        { "PlatformKeys.Serial", "PlatformKeys:0:Serial", "no spaces" },
    };

    [Theory]
    [MemberData(nameof(OneSetting))]
    public void The_message_names_the_setting(string changed, string setting, string? value)
    {
        var good = FakeWeChat.Profile();
        string? Or(string name, string? other) => name == changed ? value : other;

        var failure = Fails(new WeChatProfileOptions
        {
            Name = Or("Name", good.Name)!,
            AppId = Or("AppId", good.AppId)!,
            MerchantId = Or("MerchantId", good.MerchantId)!,
            SerialNo = Or("SerialNo", good.SerialNo),
            CertificateFile = Or("CertificateFile", null),
            Gateway = Or("Gateway", good.Gateway)!,
            NotifyUrl = Or("NotifyUrl", good.NotifyUrl)!,
            PrivateKey = Or("PrivateKey", good.PrivateKey),
            ApiV3Key = Or("ApiV3Key", good.ApiV3Key),
            PlatformKeys = changed == "PlatformKeys"
                ? []
                :
                [
                    new()
                    {
                        Serial = Or("PlatformKeys.Serial", WeChatVectors.Serial),
                        Key = Or("PlatformKeys.Key", AlipayVectors.PublicKey),
                    },
                ],
        });

        Assert.Equal(First + setting, failure.Setting);
        Assert.DoesNotContain("BEGIN", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(WeChatVectors.ApiV3Key, failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_brings_its_serial_and_may_not_have_another()
    {
        Assert.Equal(
            First + "PlatformKeys:0:Serial",
            Fails(FakeWeChat.Profile(keys: new WeChatPlatformKeyOptions
            {
                Serial = "5678",
                Key = WeChatVectors.Certificate,
            })).Setting);
        using var gateway = new FakeWeChat();
        using var channel = gateway.Channel(null, FakeWeChat.Profile(keys: new WeChatPlatformKeyOptions
        {
            Serial = "001234",
            Key = WeChatVectors.Certificate,
        }));
        Assert.Equal("wechat", channel.Name);
    }

    [Fact]
    public void No_profile_is_too_few_and_two_of_a_kind_are_too_many()
    {
        Assert.Equal(First + "Name", Fails().Setting);
        Assert.Equal(
            "Channels:wechat:Profiles:1:Name",
            Fails(FakeWeChat.Profile(), FakeWeChat.Profile(appId: "wx2")).Setting);
        Assert.Equal(
            "Channels:wechat:Profiles:1:MerchantId", Fails(FakeWeChat.Profile(), FakeWeChat.Profile("other")).Setting);
    }

    [Fact]
    public void Keys_come_from_files_too()
    {
        var folder = Directory.CreateTempSubdirectory("cardshop-wechat-").FullName;
        try
        {
            string File(string name, string text)
            {
                var path = Path.Combine(folder, name);
                System.IO.File.WriteAllText(path, text);
                return path;
            }

            var good = FakeWeChat.Profile();
            using var channel = new WeChatChannel(
                new WeChatOptions
                {
                    Profiles =
                    [
                        new WeChatProfileOptions
                        {
                            Name = good.Name,
                            AppId = good.AppId,
                            MerchantId = good.MerchantId,
                            CertificateFile = File("cert.pem", WeChatVectors.Certificate),
                            Gateway = good.Gateway,
                            NotifyUrl = good.NotifyUrl,
                            PrivateKeyFile = File("key.pem", AlipayVectors.PrivateKey),
                            ApiV3KeyFile = File("apiv3.key", WeChatVectors.ApiV3Key + "\n"),
                            PlatformKeys = [new() { KeyFile = File("platform.pem", WeChatVectors.Certificate) }],
                        },
                    ],
                },
                TimeProvider.System);
            Assert.Equal("wechat", channel.Name);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static ChannelSettingsException Fails(params WeChatProfileOptions[] profiles) =>
        Assert.Throws<ChannelSettingsException>(
            () => new WeChatChannel(new WeChatOptions { Profiles = profiles }, TimeProvider.System));
}
