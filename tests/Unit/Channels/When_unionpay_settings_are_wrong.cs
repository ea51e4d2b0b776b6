using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using CardShop.Shop.Channels;
using CardShop.Shop.Channels.UnionPay;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace CardShop.Tests.Unit.Channels;

public sealed class When_unionpay_settings_are_wrong
{
    private const string First = "Channels:unionpay:Profiles:0:";

    public static TheoryData<string, string, string> Wrong => new()
    {
        { "Name", " ", "Name" },
        { "MerchantId", "", "MerchantId" },
        { "MerchantId", "77729005811004", "MerchantId" },
        { "MerchantId", "77729005811004-", "MerchantId" },
        { "Product", "app", "Product" },
        { "CertificateName", " ", "CertificateName" },
        { "Gateway", "gateway.95516.com", "Gateway" },
        { "Gateway", "http://gateway.95516.com", "Gateway" },
        { "NotifyUrl", "", "NotifyUrl" },
        { "NotifyUrl", "https://shop.example/notify?a=1", "NotifyUrl" },
        { "FrontUrl", "shop.example", "FrontUrl" },
        { "PrivateKey", "garbage", "PrivateKey" },
        { "PrivateKey", "", "PrivateKeyFile" },
        { "PrivateKeyFile", "key.pem", "PrivateKeyFile" },
        { "Certificate", "garbage", "Certificate" },
        { "Certificate", "", "CertificateFile" },
        { "CertificateFile", "cert.pem", "CertificateFile" },
        { "CertificateId", "0x1234", "CertificateId" },
        { "RootCertificate", "", "RootCertificateFile" },
        { "RootCertificate", "garbage", "RootCertificate" },
        { "MiddleCertificate", "garbage", "MiddleCertificate" },
        { "PfxFile", "merchant.pfx", "PfxFile" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void The_message_names_the_setting(string name, string value, string expected)
    {
        var failure = Fails(With((name, value)));

        Assert.Equal(First + expected, failure.Setting);
        Assert.StartsWith(First + expected + ": ", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("garbage", failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_page_needs_an_address_to_come_back_to()
    {
        Assert.Equal(First + "FrontUrl", Fails(With(("Product", "page"), ("FrontUrl", ""))).Setting);
    }

    [Fact]
    public void A_certificate_of_another_key_is_refused()
    {
        var failure = Fails(With(("Certificate", FakeUnionPay.Chain.RootText)));

        Assert.Equal(First + "CertificateFile", failure.Setting);
    }

    [Fact]
    public void No_profile_at_all_is_said()
    {
        Assert.Equal(First + "Name", Fails(new UnionPayOptions()).Setting);
    }

    [Fact]
    public void Two_profiles_need_two_names_and_two_accounts_or_products()
    {
        Assert.Equal(
            "Channels:unionpay:Profiles:1:Name",
            Fails(Of(FakeUnionPay.Profile(), FakeUnionPay.Profile(merchantId: "777290058110099"))).Setting);
        Assert.Equal(
            "Channels:unionpay:Profiles:1:MerchantId",
            Fails(Of(FakeUnionPay.Profile(), FakeUnionPay.Profile("second"))).Setting);
        using var bank = new FakeUnionPay();
        using var channel = bank.Channel(null, FakeUnionPay.Profile(), FakeUnionPay.Profile("second", product: "page"));
        Assert.Equal("unionpay", channel.Name);
    }

    [Fact]
    public void The_productions_name_is_the_default()
    {
        Assert.Equal("中国银联股份有限公司", new UnionPayProfileOptions().CertificateName);
    }

    [Theory]
    [InlineData("000000", null, true)]
    [InlineData(null, "000000\n", true)]
    [InlineData("111111", null, false)]
    [InlineData("000000", "000000", false)]
    public async Task Key_and_certificate_may_come_in_one_pfx_file(string? password, string? passwordFile, bool opens)
    {
        var folder = Directory.CreateTempSubdirectory("cardshop-pfx-").FullName;
        var pfx = Path.Combine(folder, "merchant.pfx");
        using (var key = RSA.Create(2048))
        {
            var request = new CertificateRequest("CN=merchant", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            using var certificate = request.CreateSelfSigned(TestChain.From, TestChain.Until);
            await File.WriteAllBytesAsync(pfx, certificate.Export(X509ContentType.Pfx, "000000"), Token);
        }

        var settings = new List<(string, string)> { ("PrivateKey", ""), ("Certificate", ""), ("PfxFile", pfx) };
        if (password is not null)
        {
            settings.Add(("PfxPassword", password));
        }

        if (passwordFile is not null)
        {
            var file = Path.Combine(folder, "password");
            await File.WriteAllTextAsync(file, passwordFile, Token);
            settings.Add(("PfxPasswordFile", file));
        }

        if (opens)
        {
            using var bank = new FakeUnionPay().Answers("34");
            using var channel = new UnionPayChannel(With([.. settings]), FakeUnionPay.Noon, bank);
            Assert.Equal(ChannelResult.NotFound, (await channel.QueryAsync(FakeUnionPay.Request(), Token)).Result);
            Assert.NotEqual("4660", bank.Sent[0]["certId"]);
            Assert.All(bank.Sent[0]["certId"], one => Assert.True(char.IsAsciiDigit(one)));
        }
        else
        {
            var failure = Fails(With([.. settings]));
            Assert.Equal(First + (passwordFile is null ? "PfxFile" : "PfxPasswordFile"), failure.Setting);
            Assert.DoesNotContain(password!, failure.ToString(), StringComparison.Ordinal);
        }

        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Keys_and_certificates_in_files_are_read()
    {
        var folder = Directory.CreateTempSubdirectory("cardshop-pem-").FullName;
        string Put(string name, string text)
        {
            File.WriteAllText(Path.Combine(folder, name), text);
            return Path.Combine(folder, name);
        }

        using var bank = new FakeUnionPay();
        using var channel = new UnionPayChannel(
            With(
                ("PrivateKey", ""), ("PrivateKeyFile", Put("key", AlipayVectors.PrivateKey)),
                ("Certificate", ""), ("CertificateFile", Put("certificate", UnionPayVectors.Certificate)),
                ("RootCertificate", ""), ("RootCertificateFile", Put("root", FakeUnionPay.Chain.RootText)),
                ("MiddleCertificate", ""), ("MiddleCertificateFile", Put("middle", FakeUnionPay.Chain.MiddleText))),
            FakeUnionPay.Noon, bank);

        Assert.Equal("unionpay", channel.Name);
        Directory.Delete(folder, recursive: true);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Sound settings with some of them replaced, bound as from configuration.</summary>
    private static UnionPayOptions With(params (string Name, string Value)[] changes)
    {
        var sound = FakeUnionPay.Profile();
        var settings = new Dictionary<string, string?>
        {
            [First + "Name"] = sound.Name,
            [First + "MerchantId"] = sound.MerchantId,
            [First + "Product"] = sound.Product,
            [First + "Gateway"] = sound.Gateway,
            [First + "NotifyUrl"] = sound.NotifyUrl,
            [First + "FrontUrl"] = sound.FrontUrl,
            [First + "PrivateKey"] = sound.PrivateKey,
            [First + "Certificate"] = sound.Certificate,
            [First + "RootCertificate"] = sound.RootCertificate,
            [First + "MiddleCertificate"] = sound.MiddleCertificate,
            [First + "CertificateName"] = sound.CertificateName,
        };
        foreach (var (name, value) in changes)
        {
            settings[First + name] = value;
        }

        return new ConfigurationBuilder().AddInMemoryCollection(settings).Build()
            .GetSection(UnionPayOptions.Section).Get<UnionPayOptions>()!;
    }

    private static UnionPayOptions Of(params UnionPayProfileOptions[] profiles) => new() { Profiles = profiles };

    private static ChannelSettingsException Fails(UnionPayOptions options) =>
        Assert.Throws<ChannelSettingsException>(() => new UnionPayChannel(options, TimeProvider.System));
}
