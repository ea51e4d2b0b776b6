using CardShop.Shop.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Orders;

public sealed class When_contacts_are_normalised
{
    [Theory]
    [InlineData("buyer@example.org", "buyer@example.org")]
    [InlineData("  Buyer@Example.ORG\t", "buyer@example.org")]
    [InlineData("+86 138 0013 8000", "+86 138 0013 8000")]
    [InlineData("ÄÖÜ@example.org", "äöü@example.org")]
    [InlineData("ΣΑΣ", "σασ")]
    [InlineData("Cafe\u0301@example.org", "caf\u00e9@example.org")]
    [InlineData("\u212bngstro\u0308m", "\u00e5ngstr\u00f6m")]
    [InlineData("\u3000买家@例子.中国\u3000", "买家@例子.中国")]
    public void Trimmed_and_lower_case(string contact, string expected)
    {
        Assert.Equal(expected, Contacts.Normalise(contact));
        Assert.Equal(expected, Contacts.Normalise(expected));
    }

    [Fact]
    public void The_hash_is_bound_to_its_kind_and_secret()
    {
        var secret = new byte[32];
        string[] hashes =
        [
            Contacts.Hash(secret, "contact", "x"), Contacts.Hash(secret, "network", "x"), Contacts.Hash(secret, "contact", "y"),
            Contacts.Hash([.. secret.Select(_ => (byte)1)], "contact", "x"),
        ];
        Assert.Equal(4, hashes.Distinct().Count());
        Assert.All(hashes, h => Assert.Equal(16, Convert.FromBase64String(h).Length));
    }
}
