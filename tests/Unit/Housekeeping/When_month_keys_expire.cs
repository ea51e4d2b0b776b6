using CardShop.Shop.Housekeeping;
using CardShop.Shop.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Housekeeping;

public sealed class When_month_keys_expire : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 3, 31, 12, 0, 0, TimeSpan.Zero);
    private readonly string _folder = Directory.CreateTempSubdirectory("months").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_law_s_months_open_orders_and_months_nobody_named_keep_theirs()
    {
        var judged = MonthKeys.Judge(
            ["2026-03", "2025-01", "2025-02", "2025-03", "2026-01"], new HashSet<string> { "2025-02" }, "2026-03", Now, keepMonths: 12);

        Assert.Equal(["2025-01", "2025-02", "2025-03", "2026-01"], judged.Select(m => m.Month));
        Assert.Null(judged[0].Kept);
        Assert.Contains("not ended", judged[1].Kept, StringComparison.Ordinal);
        Assert.Contains("12 months", judged[2].Kept, StringComparison.Ordinal);
        Assert.NotNull(judged[3].Kept);
    }

    [Fact]
    public void What_was_sealed_in_an_expired_month_cannot_be_opened_and_reads_as_erased()
    {
        ShopSecrets.Create(_folder);
        var secrets = ShopSecrets.Open(_folder);
        var sealedContact = Contacts.Encrypt(secrets, "order", "buyer@example.org", Now);
        Assert.Equal("buyer@example.org", Contacts.Decrypt(secrets, "order", sealedContact));
        Assert.Equal(["2026-03"], MonthKeys.Present(_folder));

        MonthKeys.Expire(_folder, "2026-03");

        Assert.Null(Contacts.Decrypt(secrets, "order", sealedContact));
        Assert.Empty(MonthKeys.Present(_folder));
        Assert.Null(Contacts.Decrypt(secrets, "order", ContactErasure.Erased));
        Assert.Throws<ArgumentException>(() => MonthKeys.Expire(_folder, "../order-id"));
    }
}
