using CardShop.Sandbox.Books;
using Xunit;

namespace CardShop.Tests.Unit.Sandbox;

public sealed class When_keeping_books
{
    private const string Number = "R000000000000000000000000001";

    private readonly ManualClock _clock = new();
    private readonly List<SandboxNotice> _announced = [];
    private readonly SandboxBooks _books;

    public When_keeping_books()
    {
        _books = new SandboxBooks(_clock) { Announce = (_, notice) => _announced.Add(notice) };
    }

    [Fact]
    public void The_same_request_twice_opens_once()
    {
        Assert.Equal(OpenOutcome.Opened, _books.Open(Order(), out var first));
        Assert.Equal(OpenOutcome.Repeated, _books.Open(Order(), out var second));
        Assert.Equal(first, second);
        Assert.Equal(1, _books.Count);
    }

    [Fact]
    public void The_same_number_for_something_else_differs()
    {
        _books.Open(Order(), out _);

        Assert.Equal(OpenOutcome.Differs, _books.Open(Order() with { AmountMinor = 1 }, out _));
        Assert.Equal(OpenOutcome.Differs, _books.Open(Order() with { Merchant = "other" }, out _));
        Assert.Equal(5000, _books.Find(Number)!.AmountMinor);
    }

    [Fact]
    public void A_trade_goes_from_offered_over_waiting_to_paid()
    {
        _books.Open(Order(), out var trade);
        Assert.Equal(SandboxState.Offered, trade.State);
        Assert.Equal(SandboxState.Waiting, _books.Scan(Number)!.State);
        Assert.Equal(PayOutcome.Paid, _books.Pay(Number));
        Assert.Equal(SandboxState.Paid, _books.Find(Number)!.State);
        Assert.Equal(_clock.GetUtcNow(), _books.Find(Number)!.PaidAt);
    }

    [Fact]
    public void Paying_twice_pays_once_and_announces_once()
    {
        _books.Open(Order(), out _);

        Assert.Equal(PayOutcome.Paid, _books.Pay(Number));
        Assert.Equal(PayOutcome.AlreadyPaid, _books.Pay(Number));
        Assert.Equal(OpenOutcome.AlreadyPaid, _books.Open(Order(), out _));
        Assert.Single(_announced);
    }

    [Fact]
    public void Many_buyers_at_once_pay_once()
    {
        _books.Open(Order(), out _);
        var outcomes = new System.Collections.Concurrent.ConcurrentBag<PayOutcome>();

        Parallel.For(0, 64, _ => outcomes.Add(_books.Pay(Number)));

        Assert.Single(outcomes, PayOutcome.Paid);
        Assert.Equal(63, outcomes.Count(one => one == PayOutcome.AlreadyPaid));
    }

    [Fact]
    public void Unknown_numbers_are_not_found()
    {
        Assert.Null(_books.Find("X"));
        Assert.Null(_books.Scan("X"));
        Assert.Equal(PayOutcome.NotFound, _books.Pay("X"));
        Assert.Equal(CloseOutcome.NotFound, _books.Close("X"));
        Assert.Equal(RefundOutcome.NotFound, _books.Refund("X", "R1", 1, "", out _));
    }

    [Fact]
    public void A_trade_that_nobody_scanned_can_neither_be_closed_nor_refunded()
    {
        _books.Open(Order(), out _);

        Assert.Equal(CloseOutcome.NotFound, _books.Close(Number));
        Assert.Equal(RefundOutcome.NotFound, _books.Refund(Number, "R1", 1, "", out _));
    }

    [Fact]
    public void A_closed_trade_cannot_be_paid()
    {
        _books.Open(Order(), out _);
        _books.Scan(Number);

        Assert.Equal(CloseOutcome.Closed, _books.Close(Number));
        Assert.Equal(CloseOutcome.AlreadyClosed, _books.Close(Number));
        Assert.Equal(PayOutcome.Closed, _books.Pay(Number));
        Assert.Equal(OpenOutcome.AlreadyClosed, _books.Open(Order(), out _));
        Assert.Equal(RefundOutcome.NotPaid, _books.Refund(Number, "R1", 1, "", out _));
        Assert.Empty(_announced);
    }

    [Fact]
    public void Money_that_comes_late_undoes_the_close_once()
    {
        _books.Open(Order(), out _);
        _books.Scan(Number);
        _books.Close(Number);

        Assert.Equal(PayOutcome.Paid, _books.PayLate(Number));
        Assert.Equal(PayOutcome.AlreadyPaid, _books.PayLate(Number));
        Assert.Equal((SandboxState.Paid, null), (_books.Find(Number)!.State, _books.Find(Number)!.ClosedAt));
        Assert.Single(_announced);
        Assert.Equal(PayOutcome.NotFound, _books.PayLate("X"));
        _books.Refund(Number, "R1", 5000, "", out _);
        Assert.Equal(PayOutcome.Closed, _books.PayLate(Number));
    }

    [Fact]
    public void Money_may_come_after_the_trades_time()
    {
        _books.Open(Order(), out _);
        _clock.Advance(TimeSpan.FromMinutes(16));

        Assert.Equal(PayOutcome.Closed, _books.Pay(Number));
        Assert.Equal(PayOutcome.Paid, _books.PayLate(Number));
    }

    [Fact]
    public void A_trade_is_found_by_the_providers_number_and_by_its_refunds()
    {
        _books.Open(Order(), out var trade);
        _books.Pay(Number);
        _books.Refund(Number, "R1", 1000, "", out _);

        Assert.Equal(Number, _books.FindByTradeNo("alipay", trade.TradeNo)!.Number);
        Assert.Equal(Number, _books.FindByRefund("alipay", "R1")!.Number);
        Assert.Null(_books.FindByTradeNo("other", trade.TradeNo));
        Assert.Null(_books.FindByRefund("alipay", "R2"));
        Assert.Equal(28, trade.TradeNo.Length);
    }

    [Fact]
    public void A_trade_may_exist_without_a_scan()
    {
        _books.Open(Order() with { ExistsAtOnce = true }, out var trade);

        Assert.Equal(SandboxState.Waiting, trade.State);
        Assert.Equal(CloseOutcome.Closed, _books.Close(Number));
    }

    [Fact]
    public void A_paid_trade_cannot_be_closed()
    {
        _books.Open(Order(), out _);
        _books.Pay(Number);

        Assert.Equal(CloseOutcome.AlreadyPaid, _books.Close(Number));
    }

    [Theory]
    [InlineData(true, SandboxState.Closed)]
    [InlineData(false, SandboxState.Offered)]
    public void Time_ends_what_is_not_paid(bool scanned, SandboxState expected)
    {
        _books.Open(Order(), out _);
        if (scanned)
        {
            _books.Scan(Number);
        }

        _clock.Advance(TimeSpan.FromMinutes(15) - TimeSpan.FromTicks(1));
        Assert.False(_books.IsOver(_books.Find(Number)!));
        _clock.Advance(TimeSpan.FromTicks(1));

        Assert.Equal(expected, _books.Find(Number)!.State);
        Assert.True(_books.IsOver(_books.Find(Number)!));
        Assert.Equal(expected, _books.Scan(Number)!.State);
        Assert.Equal(PayOutcome.Closed, _books.Pay(Number));
        Assert.Equal(OpenOutcome.AlreadyClosed, _books.Open(Order(), out _));
    }

    [Fact]
    public void Time_does_not_end_what_is_paid()
    {
        _books.Open(Order(), out _);
        _books.Pay(Number);
        _clock.Advance(TimeSpan.FromDays(1));

        Assert.Equal(SandboxState.Paid, _books.Find(Number)!.State);
    }

    [Fact]
    public void Refunds_go_up_to_what_was_paid_and_each_number_once()
    {
        _books.Open(Order(), out _);
        _books.Scan(Number);
        Assert.Equal(RefundOutcome.NotPaid, _books.Refund(Number, "R1", 1000, "", out _));
        _books.Pay(Number);

        Assert.Equal(RefundOutcome.TooMuch, _books.Refund(Number, "R1", 5001, "", out _));
        Assert.Equal(RefundOutcome.TooMuch, _books.Refund(Number, "R1", 0, "", out _));
        Assert.Equal(RefundOutcome.Refunded, _books.Refund(Number, "R1", 1000, "", out var partly));
        Assert.Equal((SandboxState.Paid, 1000), (partly!.State, partly.RefundedMinor));
        Assert.Equal(RefundOutcome.Repeated, _books.Refund(Number, "R1", 1000, "", out _));
        Assert.Equal(RefundOutcome.Differs, _books.Refund(Number, "R1", 999, "", out _));
        Assert.Equal(RefundOutcome.TooMuch, _books.Refund(Number, "R2", 4001, "", out _));
        Assert.Equal(RefundOutcome.Refunded, _books.Refund(Number, "R2", 4000, "", out var wholly));
        Assert.Equal((SandboxState.Closed, 5000), (wholly!.State, wholly.RefundedMinor));
        Assert.Equal(RefundOutcome.Repeated, _books.Refund(Number, "R2", 4000, "", out _));
        Assert.Equal(PayOutcome.Closed, _books.Pay(Number));
        Assert.Equal(3, _announced.Count);
        Assert.Equal(3, _announced.Select(one => one.Id).Distinct().Count());
    }

    [Fact]
    public void Full_books_let_go_of_the_dead_and_never_of_money()
    {
        var books = new SandboxBooks(_clock, maxTrades: 2);
        books.Open(Order("A"), out _);
        books.Open(Order("B"), out _);
        books.Pay("A");
        Assert.Equal(OpenOutcome.Full, books.Open(Order("C"), out _));

        _clock.Advance(TimeSpan.FromHours(2));

        Assert.Equal(OpenOutcome.Opened, books.Open(Order("C"), out _));
        Assert.NotNull(books.Find("A"));
        Assert.Null(books.Find("B"));
    }

    [Fact]
    public void A_list_is_in_the_order_of_opening_and_by_state()
    {
        foreach (var number in (string[])["C", "A", "B"])
        {
            _books.Open(Order(number), out _);
        }

        _books.Pay("A");

        Assert.Equal(["C", "A", "B"], _books.List(0, 10).Select(one => one.Number));
        Assert.Equal(["A"], _books.List(0, 10, SandboxState.Paid).Select(one => one.Number));
        Assert.Equal(["A"], _books.List(1, 1).Select(one => one.Number));
    }

    private OpenTrade Order(string number = Number) => new(
        number, "alipay", "2021000000000001", 5000, "STEAM-50", Until, "http://127.0.0.1:1/notify");

    private static readonly DateTimeOffset Until = new ManualClock().GetUtcNow().AddMinutes(15);
}
