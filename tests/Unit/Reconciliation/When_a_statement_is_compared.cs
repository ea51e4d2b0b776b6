using CardShop.Contracts;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;
using CardShop.Shop.Reconciliation;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace CardShop.Tests.Unit.Reconciliation;

public sealed class When_a_statement_is_compared
{
    private static readonly DateTimeOffset Midnight = new(2026, 3, 5, 0, 0, 0, TimeSpan.FromHours(8));

    private readonly Books _books = new();

    [Fact]
    public async Task The_same_money_on_both_sides_matches()
    {
        _books.Pay(1);
        _books.Pay(2, refunded: 300);

        var (report, _) = await _books.ReconcileAsync();

        Assert.True(report.IsClean);
        Assert.Equal(new Tally(2, 2_000, 2_000), report[null, MoneyKind.Payment]);
        Assert.Equal(new Tally(1, 300, 300), report[null, MoneyKind.Refund]);
    }

    [Fact]
    public async Task Money_of_an_order_that_is_not_known_becomes_a_case_of_that_order()
    {
        var id = _books.Pay(1);
        _books.Forget(id);

        var (report, scope) = await _books.ReconcileAsync();

        var message = Assert.Single(report.Cases).ToMessage(scope)!;
        Assert.Equal(
            (id, StatementFault.MissingHere, "alipay", id + "01", "t1", 1_000L, "CNY", Books.Noon),
            (message.OrderId, message.Fault, message.Channel, message.Number, message.TradeNo, message.Amount, message.Currency, message.At));
        Assert.Equal($"statement.missing-here.{id}01.2026-03-05", message.FindingId);
    }

    [Fact]
    public async Task The_case_of_a_difference_is_the_same_in_every_run_and_the_saga_takes_it_once()
    {
        var id = _books.Pay(1, refunded: 300);
        _books.Change(id, p => p with { Refunds = null });

        var (first, scope) = await _books.ReconcileAsync();
        var (second, _) = await _books.ReconcileAsync();

        var message = Assert.Single(first.Cases).ToMessage(scope)!;
        Assert.Equal(message, Assert.Single(second.Cases).ToMessage(scope));
        Assert.Equal(id + "01R1", message.Number);
        var facts = new Facts(0, [], ShopSettings.Default);
        var once = PaymentDecider.Decide(new(_books[id], null), message, facts, Books.Noon).Case;
        Assert.Equal(ReviewKind.StatementMissingHere, Assert.Single(once.Payment!.Reviews!).Kind);
        Assert.Same(once, PaymentDecider.Decide(once, message, facts, Books.Noon).Case);
    }

    [Fact]
    public async Task Money_that_the_statement_lacks_is_found()
    {
        var id = _books.Pay(1, refunded: 300);
        _books.Statement.Clear();
        _books.Pay(2);

        var (report, _) = await _books.ReconcileAsync();

        Assert.Equal(new Tally(1, 0, 1_000), report[FindingKind.MissingThere, MoneyKind.Payment]);
        Assert.Equal(new Tally(1, 0, 300), report[FindingKind.MissingThere, MoneyKind.Refund]);
        Assert.Equal([id, id], report.Cases.Select(f => f.OrderId));
    }

    [Theory]
    [InlineData(-1, null)]
    [InlineData(0, FindingKind.AtBorder)]
    [InlineData(9 * 60, FindingKind.AtBorder)]
    [InlineData(10 * 60, FindingKind.MissingThere)]
    [InlineData((24 * 3600) - 601, FindingKind.MissingThere)]
    [InlineData((24 * 3600) - 600, FindingKind.AtBorder)]
    [InlineData((24 * 3600) - 1, FindingKind.AtBorder)]
    [InlineData(24 * 3600, null)]
    public async Task Near_midnight_the_neighbouring_day_may_have_it(int seconds, FindingKind? found)
    {
        _books.Pay(1, Midnight + TimeSpan.FromSeconds(seconds));
        _books.Statement.Clear();

        var (report, _) = await _books.ReconcileAsync();

        Assert.Equal(found is null, new[] { FindingKind.AtBorder, FindingKind.MissingThere }.All(k => report.Total(k) == 0));
        Assert.Equal(1, found is { } kind ? report.Total(kind) : 1);
        Assert.Equal(found == FindingKind.MissingThere, !report.IsClean);
    }

    [Fact]
    public async Task A_line_belongs_to_the_providers_day_whatever_the_shops_clock_said()
    {
        var id = _books.Pay(1, Midnight + TimeSpan.FromSeconds(1));
        _books.Change(id, p => p with { At = Midnight - TimeSpan.FromSeconds(5) });

        Assert.True((await _books.ReconcileAsync()).Report.IsClean);
    }

    [Fact]
    public async Task Without_a_date_a_line_seconds_before_the_day_does_not_make_it_two()
    {
        _books.Pay(1);
        _books.Pay(2, Midnight - TimeSpan.FromSeconds(5));
        _books.DropLine(_books.Pay(3, Midnight - TimeSpan.FromHours(12)), MoneyKind.Payment);

        var (report, _) = await _books.ReconcileAsync(dated: false);

        Assert.Equal("2026-03-05", report.Period.ToString());
        Assert.True(report.IsClean);
    }

    [Theory]
    [InlineData(new[] { 720 }, "2026-03-05")]
    [InlineData(new[] { 720, -1 }, "2026-03-05")]
    [InlineData(new[] { 720, 1_449 }, "2026-03-05")]
    [InlineData(new[] { 5, 1_435 }, "2026-03-05")]
    [InlineData(new[] { 720, -11 }, "2026-03-04 to 2026-03-05")]
    [InlineData(new[] { 720, 1_450 }, "2026-03-05 to 2026-03-06")]
    [InlineData(new[] { 720, -1_441 }, "2026-03-04 to 2026-03-05")]
    [InlineData(new[] { 5 }, "")]
    [InlineData(new[] { -1, 5 }, "")]
    public void Days_are_as_few_as_every_line_allows(int[] minutes, string days)
    {
        var seen = new StatementDays(TimeSpan.Zero);
        foreach (var minute in minutes)
        {
            seen.Add(Midnight + TimeSpan.FromMinutes(minute));
        }

        Assert.Equal(days, seen.Period.ToString());
    }

    [Fact]
    public async Task Where_no_line_tells_the_day_what_it_lacks_is_not_looked_for()
    {
        _books.Pay(1, Midnight - TimeSpan.FromSeconds(5));
        _books.DropLine(_books.Pay(2, Midnight - TimeSpan.FromHours(12)), MoneyKind.Payment);

        var (report, _) = await _books.ReconcileAsync(dated: false);

        Assert.True(report.IsClean);
        Assert.Contains("--date", report.Note, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_day_that_is_not_over_lacks_nothing_yet()
    {
        _books.Pay(1);
        _books.Statement.Clear();

        var (report, _) = await _books.ReconcileAsync(now: Books.Noon);

        Assert.True(report.IsClean);
        Assert.Contains("not over", report.Note, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lines_of_another_day_than_asked_for_are_refused()
    {
        _books.Pay(1);

        await Assert.ThrowsAsync<StatementFormatException>(() => _books.ReconcileAsync(new DateOnly(2026, 3, 2)));
    }

    [Fact]
    public async Task Every_way_of_differing_is_told()
    {
        var amount = _books.Pay(1);
        var trade = _books.Pay(2);
        var channel = _books.Pay(3);
        var refund = _books.Pay(4, refunded: 300);
        var rejected = _books.Pay(5, refunded: 300);
        var underWay = _books.Pay(6, refunded: 300);
        var twice = _books.Pay(7);
        _books.ChangeLine(amount, MoneyKind.Payment, l => l with { Amount = 999 });
        _books.ChangeLine(trade, MoneyKind.Payment, l => l with { TradeNo = "other" });
        _books[channel] = _books[channel] with { Attempts = [.. _books[channel].Attempts.Select(a => a with { Channel = "wechat" })] };
        _books.ChangeLine(refund, MoneyKind.Refund, l => l with { Amount = 1 });
        _books.Change(rejected, p => p with { Refunds = [p.Refunds![0] with { State = RefundState.Rejected }] });
        _books.Change(underWay, p => p with { Refunds = [p.Refunds![0] with { State = RefundState.Asked }] });
        _books.Statement.Add(_books.Statement.First(l => l.Number.StartsWith(twice, StringComparison.Ordinal)));

        var (report, _) = await _books.ReconcileAsync();

        Assert.Equal(
            [amount, trade, channel, refund, rejected, underWay, twice], report.First(FindingKind.Differing).Select(f => f.OrderId));
        Assert.Equal(7, report.First(FindingKind.Differing).Select(f => f.Reason).Distinct().Count() + 1);
        Assert.Equal(7, report.CaseCount);
    }

    [Fact]
    public async Task What_is_not_ours_or_is_archived_is_listed_and_becomes_no_case()
    {
        _books.Statement.Add(new(0, "12345", "t", MoneyKind.Payment, 5, "CNY", Books.Noon));
        _books.Statement.Add(new(0, "b" + Books.IdOf(1)[1..] + "01", "t", MoneyKind.Payment, 5, "CNY", Books.Noon));
        var archived = _books.Pay(9);
        _books.Forget(archived);
        _books.Archived.Add(archived);

        var (report, scope) = await _books.ReconcileAsync();

        Assert.Equal((2, 1, 0), (report.Total(FindingKind.NotOurs), report.Total(FindingKind.Archived), report.CaseCount));
        Assert.Empty(report.Cases);
        Assert.All(report.First(FindingKind.NotOurs), f => Assert.Null(f.ToMessage(scope)));
    }

    [Fact]
    public async Task A_profile_has_a_statement_of_its_own()
    {
        var first = _books.Pay(1, profile: "one");
        _books.Pay(2, profile: "two");
        _books.DropLine(Books.IdOf(2), MoneyKind.Payment);

        Assert.True((await _books.ReconcileAsync(profile: "one")).Report.IsClean);
        var (other, scope) = await _books.ReconcileAsync(profile: "two");
        Assert.Equal(first, Assert.Single(other.First(FindingKind.Differing)).OrderId);
        Assert.All(other.Cases, f => Assert.Equal("two", f.ToMessage(scope)!.Profile));
        Assert.Equal("two", Assert.Single((await _books.ReconcileAsync()).Report.Cases).ToMessage(scope with { Profile = null })!.Profile);
    }

    [Fact]
    public async Task A_refund_that_took_long_may_stand_in_a_later_statement()
    {
        var id = _books.Pay(1, Midnight + TimeSpan.FromHours(22.5), refunded: 300);
        _books.Change(id, p => p with { Refunds = [p.Refunds![0] with { Tries = 2 }] });
        _books.DropLine(id, MoneyKind.Refund);

        var (report, _) = await _books.ReconcileAsync();

        Assert.Equal((1, 0), (report.Total(FindingKind.AtBorder), report.CaseCount));
    }

    [Fact]
    public async Task With_lines_that_cannot_be_read_nothing_is_filed_as_missing_there()
    {
        _books.Pay(1);
        _books.ChangeLine(Books.IdOf(1), MoneyKind.Payment, l => l with { Currency = "yuan" });

        var (report, _) = await _books.ReconcileAsync();

        Assert.Equal((1, 1, 0), (report.RefusedCount, report.Total(FindingKind.MissingThere), report.CaseCount));
        Assert.Empty(report.Cases);
        Assert.False(report.IsClean);
    }

    [Fact]
    public async Task A_report_stays_small_however_much_differs()
    {
        for (var i = 0; i < 1_200; i++)
        {
            _books.Forget(_books.Pay(i));
        }

        var (report, _) = await _books.ReconcileAsync(maxFindings: 30);

        Assert.Equal((30, 1_200L), (report.First(FindingKind.MissingHere).Count, report.CaseCount));
        Assert.Equal(new Tally(1_200, 1_200_000, 0), report[FindingKind.MissingHere, MoneyKind.Payment]);
    }

    [Fact]
    public async Task What_was_filed_takes_no_room_of_what_was_not()
    {
        var orders = Enumerable.Range(1, 3).Select(i => _books.Pay(i)).ToList();
        _books.Statement.Clear();
        var filed = new HashSet<string>();
        for (var run = 0L; run < orders.Count; run++)
        {
            var (report, scope) = await _books.ReconcileAsync(maxFindings: 1);

            Assert.Equal((3L, run), (report.CaseCount, report.FiledCount));
            var message = Assert.Single(report.Cases).ToMessage(scope)!;
            filed.Add(message.OrderId);
            _books[message.OrderId] = _books[message.OrderId] with { Acts = [message.FindingId] };
        }

        Assert.True(filed.SetEquals(orders));
        var (last, _) = await _books.ReconcileAsync(maxFindings: 1);
        Assert.Empty(last.Cases);
        Assert.Equal((3L, 3L), (last.CaseCount, last.FiledCount));
        Assert.False(last.IsClean);
    }

    /// <summary>Books with random defects: exactly those are reported, and nothing else.</summary>
    [Fact]
    public void Exactly_the_defects_are_reported() => Prop.ForAll(
        ArbMap.Default.ArbFor<int[]>(), defects =>
        {
            var books = new Books();
            var expected = new HashSet<(FindingKind, MoneyKind, string)>();
            for (var i = 0; i < defects.Length; i++)
            {
                Spoil(books, books.Pay(i, refunded: 300), Math.Abs((long)defects[i]) % 9, expected);
            }

#pragma warning disable VSTHRD002 // A property is a synchronous function, and nothing here waits for anything.
            var (report, _) = books.ReconcileAsync().GetAwaiter().GetResult();
#pragma warning restore VSTHRD002
            var found = Enum.GetValues<FindingKind>().SelectMany(report.First).Select(f => (f.Kind, f.Money, f.OrderId!)).ToHashSet();
            return found.SetEquals(expected) && report.RefusedCount == 0
                && report.Lines == books.Statement.Count && report.IsClean == (expected.Count == 0);
        }).QuickCheckThrowOnFailure();

    private static void Spoil(Books books, string id, long defect, HashSet<(FindingKind, MoneyKind, string)> expected)
    {
        switch (defect)
        {
            case 0:
                books.Forget(id);
                expected.Add((FindingKind.MissingHere, MoneyKind.Payment, id));
                expected.Add((FindingKind.MissingHere, MoneyKind.Refund, id));
                break;
            case 1:
                books.Change(id, p => p with { Refunds = null });
                expected.Add((FindingKind.MissingHere, MoneyKind.Refund, id));
                break;
            case 2:
                books.DropLine(id, MoneyKind.Payment);
                expected.Add((FindingKind.MissingThere, MoneyKind.Payment, id));
                break;
            case 3:
                books.DropLine(id, MoneyKind.Refund);
                expected.Add((FindingKind.MissingThere, MoneyKind.Refund, id));
                break;
            case 4:
                books.ChangeLine(id, MoneyKind.Payment, l => l with { Amount = l.Amount + 1 });
                expected.Add((FindingKind.Differing, MoneyKind.Payment, id));
                break;
            case 5:
                books.Change(id, p => p with { Refunds = [p.Refunds![0] with { State = RefundState.Rejected }] });
                expected.Add((FindingKind.Differing, MoneyKind.Refund, id));
                break;
            default:
                break;
        }
    }
}
