using System.Security.Cryptography;
using System.Text;
using CardShop.Shop.Channels.Alipay;
using CardShop.Shop.Channels.Rsa;
using Xunit;

namespace CardShop.Tests.Unit.Channels;

public sealed class When_signing_for_alipay
{
    private static readonly RsaKey PublicKey = RsaKeyReader.Parse("test", AlipayVectors.PublicKey, false);

    [Fact]
    public void The_request_text_is_that_of_the_vector()
    {
        Assert.Equal(AlipayVectors.RequestText, AlipaySignature.OfRequest(AlipayVectors.Request));
    }

    [Fact]
    public void The_request_signature_is_that_of_the_vector()
    {
        var sign = AlipaySignature.Sign(FakeGateway.Key, AlipaySignature.OfRequest(AlipayVectors.Request));

        Assert.Equal(AlipayVectors.RequestSign, sign);
        Assert.True(AlipaySignature.Verify(PublicKey, AlipayVectors.RequestText, sign));
    }

    [Fact]
    public void Empty_values_and_the_signature_itself_are_left_out_and_sign_type_stays()
    {
        var text = AlipaySignature.OfRequest(new Dictionary<string, string>
        {
            ["b"] = "2",
            ["sign"] = "x",
            ["a"] = "",
            ["sign_type"] = "RSA2",
            ["B"] = "1",
            ["a_b"] = "=&",
        });

        Assert.Equal("B=1&a_b==&&b=2&sign_type=RSA2", text);
    }

    [Fact]
    public void A_notification_leaves_sign_type_out_too()
    {
        var fields = new Dictionary<string, string> { ["z"] = "1", ["sign"] = "x", ["sign_type"] = "RSA2", ["e"] = "" };

        Assert.Equal("z=1", AlipaySignature.OfNotification(fields));
        Assert.Equal("e=&z=1", AlipaySignature.OfNotification(fields, keepEmpty: true));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("not base64!")]
    [InlineData("AAAA")]
    public void A_signature_that_is_none_does_not_verify(string? signature)
    {
        Assert.False(AlipaySignature.Verify(PublicKey, "text", signature));
    }

    [Fact]
    public void A_signature_longer_than_any_key_makes_does_not_verify()
    {
        Assert.False(AlipaySignature.Verify(PublicKey, "text", Convert.ToBase64String(new byte[4096])));
    }

    [Theory]
    [InlineData("")]
    [InlineData("卡密 😀 \u0000 \"\\ \r\n \u2028")]
    [InlineData("a=b&c=d+e%20f")]
    public void Odd_texts_verify_and_their_neighbours_do_not(string text)
    {
        var sign = AlipaySignature.Sign(FakeGateway.Key, text);

        Assert.True(AlipaySignature.Verify(PublicKey, text, sign));
        Assert.False(AlipaySignature.Verify(PublicKey, text + " ", sign));
    }

    [Fact]
    public void One_key_signs_for_many_threads_at_once()
    {
        var good = 0;
        Parallel.For(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 16 }, i =>
        {
            var data = Encoding.UTF8.GetBytes("text " + i);
            if (PublicKey.Verify(data, FakeGateway.Key.Sign(data)))
            {
                Interlocked.Increment(ref good);
            }
        });

        Assert.Equal(200, good);
    }

    [Theory]
    [InlineData("a=1&b=2+3&c=%2B", "a", "1")]
    [InlineData("a=1&b=2+3&c=%2B", "b", "2 3")]
    [InlineData("a=1&b=2+3&c=%2B", "c", "+")]
    [InlineData("a=%252B", "a", "%2B")]
    [InlineData("a=x=y", "a", "x=y")]
    [InlineData("a", "a", "")]
    [InlineData("&&a=1&", "a", "1")]
    [InlineData("%E5%8D%A1=%e5%af%86", "卡", "密")]
    public void Form_values_are_decoded_exactly_once(string body, string name, string value)
    {
        Assert.Equal(value, AlipayForm.Read(Encoding.UTF8.GetBytes(body))![name]);
    }

    [Theory]
    [InlineData("a=1&a=1")]
    [InlineData("a=1&%61=2")]
    [InlineData("a=%")]
    [InlineData("a=%4")]
    [InlineData("a=%zz")]
    [InlineData("a=%FF%FE")]
    [InlineData("a=%C0%AF")]
    public void An_unsound_form_is_refused_whole(string body)
    {
        Assert.Null(AlipayForm.Read(Encoding.UTF8.GetBytes(body)));
    }

    [Fact]
    public void A_form_of_very_many_fields_is_refused()
    {
        var body = string.Join('&', Enumerable.Range(0, 257).Select(i => $"f{i}=1"));

        Assert.Null(AlipayForm.Read(Encoding.UTF8.GetBytes(body)));
    }

    [Fact]
    public void A_form_reads_back_as_it_was_written()
    {
        var fields = new Dictionary<string, string> { ["卡"] = "密 +&=%\n😀", ["b"] = "" };

        Assert.Equal(fields, AlipayForm.Read(Encoding.ASCII.GetBytes(AlipayForm.Write(fields))));
    }

    [Fact]
    public void A_private_key_may_be_pkcs8_or_pkcs1_in_pem_or_bare()
    {
        using var rsa = RSA.Create();
        rsa.ImportFromPem(AlipayVectors.PrivateKey);
        string[] forms =
        [
            AlipayVectors.PrivateKey, rsa.ExportRSAPrivateKeyPem(),
            Convert.ToBase64String(rsa.ExportPkcs8PrivateKey()), Convert.ToBase64String(rsa.ExportRSAPrivateKey()),
        ];

        Assert.All(forms, one => Assert.Equal(
            FakeGateway.Key.Fingerprint, RsaKeyReader.Parse("test", one, withPrivateKey: true).Fingerprint));
    }

    [Fact]
    public void A_public_key_may_be_pem_or_bare()
    {
        using var rsa = RSA.Create();
        rsa.ImportFromPem(AlipayVectors.PublicKey);
        string[] forms =
        [
            AlipayVectors.PublicKey, rsa.ExportRSAPublicKeyPem(),
            Convert.ToBase64String(rsa.ExportSubjectPublicKeyInfo()),
        ];

        Assert.All(forms, one => Assert.Equal(
            FakeGateway.Key.Fingerprint, RsaKeyReader.Parse("test", one, withPrivateKey: false).Fingerprint));
    }
}
