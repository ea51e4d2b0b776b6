using System.Security.Cryptography;
using CardShop.Shop.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Orders;

public sealed class When_contacts_are_sealed : IDisposable
{
    private static readonly DateTimeOffset March = new(2026, 3, 31, 23, 59, 59, TimeSpan.Zero);
    private readonly string _folder = Directory.CreateTempSubdirectory("cardshop-contacts").FullName;
    private readonly ShopSecrets _secrets;

    public When_contacts_are_sealed()
    {
        ShopSecrets.Create(_folder);
        _secrets = ShopSecrets.Open(_folder);
    }

    [Theory]
    [InlineData("a@b.c")]
    [InlineData("买家@例子.中国")]
    public void They_are_opened_with_the_key_of_their_month(string contact)
    {
        var longest = new string('买', 254);

        Assert.Equal(contact, Contacts.Decrypt(_secrets, "order", Contacts.Encrypt(_secrets, "order", contact, March)));
        Assert.Equal(longest, Contacts.Decrypt(_secrets, "order", Contacts.Encrypt(_secrets, "order", longest, March)));
    }

    [Fact]
    public void They_are_gone_when_the_months_key_is_deleted_and_reading_makes_no_other()
    {
        var contact = Contacts.Encrypt(_secrets, "order", "a@b.c", March);
        var file = Path.Combine(_folder, "contact-2026-03");
        File.Delete(file);

        Assert.Null(Contacts.Decrypt(_secrets, "order", contact));
        Assert.False(File.Exists(file));
    }

    [Fact]
    public void They_belong_to_one_order_and_do_not_change()
    {
        var contact = Contacts.Encrypt(_secrets, "order", "a@b.c", March);

        Assert.ThrowsAny<CryptographicException>(() => Contacts.Decrypt(_secrets, "another", contact));
        Assert.ThrowsAny<CryptographicException>(() => Contacts.Decrypt(_secrets, "order", contact[8..]));
        Assert.ThrowsAny<CryptographicException>(() => Contacts.Decrypt(_secrets, "order", contact[..12]));
        Assert.ThrowsAny<CryptographicException>(() => Contacts.Decrypt(_secrets, "order", contact + contact[8..]));
        Assert.Null(Contacts.Decrypt(_secrets, "order", "../secret:" + contact[8..]));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
