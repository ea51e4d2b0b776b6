using System.Text;
using CardShop.Contracts;
using CardShop.Shop.Keys;
using CardShop.Shop.Mail;
using Xunit;

namespace CardShop.Tests.Unit.Mail;

public sealed class When_a_mail_is_written
{
    private static readonly Uri Shop = new("https://shop.example/");

    private static readonly OrderPlaced Order = new(
        "aorder", "GIFT", 2, 1_250, 2_500, "CNY", "礼品卡 50", HoldPolicy.Order, 900, 0, 1, "alipay", "a",
        DateTimeOffset.UnixEpoch, string.Empty, "sealed", "hash");

    [Fact]
    public void It_says_everything_in_Chinese_and_then_in_English()
    {
        var mail = MailText.Of(MailKind.Delivered, Order, [new("n-1", "s-1"), new(null, "s-2")], Shop);

        Assert.Equal("礼品卡 50 × 2 已发货 / delivered (aorder)", mail.Subject);
        Assert.Equal(
            """
            您好！

            您的订单 aorder（礼品卡 50 × 2）已发货。
            卡密如下：

            1. 卡号 Number: n-1  卡密 Key: s-1
            2. s-2

            请妥善保管，勿告诉他人：持有卡密者即可使用。
            商店：https://shop.example/

            ----------------------------------------

            Hello,

            your order aorder (礼品卡 50 × 2) has been delivered.
            The keys are listed above.
            Keep them to yourself: whoever has a key can use it.
            Shop: https://shop.example/

            """,
            mail.Body);
        Assert.Null(mail.Attachment);
    }

    [Theory]
    [InlineData(20, false)]
    [InlineData(21, true)]
    [InlineData(10_000, true)]
    public void Many_keys_are_attached_and_all_of_them_are_there_once(int count, bool isAttached)
    {
        var keys = Enumerable.Range(0, count).Select(i => new PlainKey(i % 2 == 0 ? null : $"n{i}", $"密{i}")).ToList();

        var mail = MailText.Of(MailKind.Delivered, Order with { Quantity = count }, keys, null);

        Assert.Equal(isAttached, mail.Attachment is not null);
        Assert.Equal(!isAttached, mail.Body.Contains("密19", StringComparison.Ordinal));
        if (mail.Attachment is { } file)
        {
            Assert.Equal([0xEF, 0xBB, 0xBF], file[..3]);
            var lines = Encoding.UTF8.GetString(file, 3, file.Length - 3).Split("\r\n");
            Assert.Equal([.. keys.Select(k => k.Number is null ? k.Secret : $"{k.Number}\t{k.Secret}"), string.Empty], lines);
            Assert.Contains($"全部 {count} 个卡密见附件 keys.txt。", mail.Body, StringComparison.Ordinal);
            Assert.Contains($"All {count} keys are in the attached file keys.txt.", mail.Body, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_replaced_key_is_told_with_all_keys_that_count_now()
    {
        var mail = MailText.Of(MailKind.Replaced, Order, [new(null, "new"), new(null, "kept")], null);

        Assert.Equal("礼品卡 50 卡密已更换 / key replaced (aorder)", mail.Subject);
        Assert.Contains("1. new\n2. kept\n", mail.Body, StringComparison.Ordinal);
    }

    [Fact]
    public void Money_that_went_back_is_told_with_its_amount_and_without_keys()
    {
        var mail = MailText.Of(MailKind.Refunded, Order, [new(null, "s-1")], null);

        Assert.Equal("礼品卡 50 × 2 已退款 / refunded (aorder)", mail.Subject);
        Assert.Contains("已退款 25.00 CNY", mail.Body, StringComparison.Ordinal);
        Assert.Contains("25.00 CNY of your order", mail.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("s-1", mail.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("卡密", mail.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Card\r\nBcc: all@example.org")]
    [InlineData("Card\nBcc: all@example.org")]
    [InlineData("Card\u2028Bcc: all@example.org\0")]
    public void A_products_name_starts_no_header(string name)
    {
        var mail = MailText.Of(MailKind.Delivered, Order with { ProductName = name }, [new(null, "s")], null);

        Assert.DoesNotContain(mail.Subject, char.IsControl);
        Assert.DoesNotContain('\u2028', mail.Subject);
        Assert.DoesNotContain(mail.Body.Split('\n'), line => line.StartsWith("Bcc", StringComparison.Ordinal));
    }

    [Fact]
    public void A_long_name_is_cut_between_characters()
    {
        var name = new string('a', 99) + "😀 and more";

        var mail = MailText.Of(MailKind.Delivered, Order with { ProductName = name }, [new(null, "s")], null);

        Assert.StartsWith(new string('a', 99) + "… × 2", mail.Subject, StringComparison.Ordinal);
    }

    [Fact]
    public void Its_text_reaches_no_log() => Assert.DoesNotContain(
        "s-1", $"{MailText.Of(MailKind.Delivered, Order, [new(null, "s-1")], null)}", StringComparison.Ordinal);

    [Theory]
    [InlineData("buyer@example.org", true)]
    [InlineData("Buyer+cards.2@mail.example.co.uk", true)]
    [InlineData("o'neill@example.org", true)]
    [InlineData("+86 138 0013 8000", false)]
    [InlineData("微信 buyer", false)]
    [InlineData("买家@例子.中国", false)]
    [InlineData("buyer@localhost", false)]
    [InlineData("buyer@", false)]
    [InlineData("@example.org", false)]
    [InlineData("a@b@example.org", false)]
    [InlineData("buyer@example..org", false)]
    [InlineData("buyer@-.org", false)]
    [InlineData("buyer@[10.0.0.1]", false)]
    [InlineData("buyer@10.0.0.1", false)]
    [InlineData("Buyer <buyer@example.org>", false)]
    [InlineData("<buyer@example.org>", false)]
    [InlineData("buyer@example.org,all@example.org", false)]
    [InlineData("buyer@example.org;all@example.org", false)]
    [InlineData("buyer@example.org\r\nBcc: all@example.org", false)]
    [InlineData("buyer@example.org\nRCPT TO:<all@example.org>", false)]
    [InlineData("\"buyer\"@example.org", false)]
    [InlineData("all:buyer@example.org", false)]
    public void Only_one_plain_address_is_written_to(string contact, bool isAddress) =>
        Assert.Equal(isAddress ? contact : null, BuyerAddress.Of(contact)?.Address);
}
