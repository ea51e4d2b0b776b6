using CardShop.Contracts;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;
using CardShop.Tests.Unit.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Payments;

public sealed class When_a_merchant_profile_is_chosen
{
    private static readonly ShopSettings Settings = ShopSettings.Default with
    {
        Channels = new Dictionary<string, IReadOnlyList<string>> { ["alipay"] = ["one", "two", "three"] },
    };

    private static string Id(int i) => FormattableString.Invariant($"order{i}");

    [Fact]
    public void The_same_order_always_has_the_same_one_and_all_take_their_part()
    {
        var chosen = Enumerable.Range(0, 300).Select(i => Settings.ProfileOf("alipay", Id(i), null)!).ToList();
        Assert.Equal(chosen, Enumerable.Range(0, 300).Select(i => Settings.ProfileOf("alipay", Id(i), null)!));
        Assert.All(["one", "two", "three"], p => Assert.InRange(chosen.Count(c => c == p), 50, 150));
    }

    [Fact]
    public void One_that_is_down_is_passed_over_and_with_all_down_any_will_do()
    {
        var down = new HashSet<string> { "alipay/one", "alipay/three", "wechat/two" };
        Assert.All(Enumerable.Range(0, 50), i => Assert.Equal("two", Settings.ProfileOf("alipay", Id(i), down)));
        down.Add("alipay/two");
        Assert.NotNull(Settings.ProfileOf("alipay", Id(1), down));
    }

    [Fact]
    public void A_channel_that_is_not_offered_has_none_and_its_order_is_refused()
    {
        Assert.Null(Settings.ProfileOf("wechat", An.Id, null));
        var scenario = Scenario.Given(OrderCase.None) with { Facts = new(100, [], Settings) };
        scenario.When(An.Placed(An.Order() with { Channel = "wechat" })).Is(PaymentStatus.Refused).MovesStock(default);
        Assert.Contains(
            scenario.When(An.Placed()).Is(PaymentStatus.Reserved).Payment.Attempts[0].Profile, new[] { "one", "two", "three" });
    }

    [Fact]
    public void Union_pay_is_asked_at_the_ages_that_it_names_and_at_the_end()
    {
        var attempt = An.Reserved().Payment!.Attempts[0] with { Channel = "unionpay", ExpiresAt = An.Start + TimeSpan.FromHours(3) };
        var asked = new List<double>();
        for (var now = An.Start; now < attempt.ExpiresAt;)
        {
            now = Schedule.NextCheck(attempt, now, ShopSettings.Default);
            asked.Add((now - An.Start).TotalMinutes);
        }

        Assert.Equal([5, 10, 30, 60, 120, 180], asked);
    }

    [Fact]
    public void A_refund_under_way_is_asked_about_with_waits_up_to_a_day()
    {
        var waits = Enumerable.Range(0, 60).Select(Schedule.RefundWait).ToList();
        Assert.Equal(TimeSpan.FromSeconds(2), waits[0]);
        Assert.Equal(waits.Order(), waits);
        Assert.Equal(TimeSpan.FromDays(1), waits[^1]);
    }
}
