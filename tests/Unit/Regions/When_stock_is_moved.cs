using CardShop.Contracts;
using CardShop.Pipeline.Log;
using CardShop.Shop.Stock;
using CardShop.Tests.Unit.Pipeline;
using Xunit;

namespace CardShop.Tests.Unit.Regions;

public sealed class When_stock_is_moved
{
    private static readonly TransferOrder Order = new("moved1", "S", "a", "b", 10, "anna", "why");

    [Fact]
    public void Available_keys_leave_the_home_region_for_another() =>
        Assert.Null(TransferRule.Against(Order, Product("a"), 10));

    [Fact]
    public void A_product_that_names_no_home_is_at_home_where_it_stands()
    {
        Assert.Null(TransferRule.Against(Order, Product(null), 10));
        Assert.Null(TransferRule.AgainstImport("S", null, "b"));
    }

    [Fact]
    public void Keys_are_imported_in_the_home_region_alone_and_elsewhere_it_is_said_how_they_come()
    {
        Assert.Null(TransferRule.AgainstImport("S", "a", "a"));
        Assert.Contains("stock transfer S --to b", TransferRule.AgainstImport("S", "a", "b"), StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_moved_here_is_not_moved_on_nor_back() =>
        Assert.Contains("home region is a", TransferRule.Against(
            Order with { From = "b", To = "a" }, Product("a"), 10), StringComparison.Ordinal);

    [Theory]
    [InlineData("a", 1, 10)]
    [InlineData("b", 0, 10)]
    [InlineData("b", -1, 10)]
    [InlineData("b", 11, 10)]
    [InlineData("b", 1_000_001, 2_000_000)]
    public void Nothing_is_moved_to_oneself_nor_more_than_is_available(string to, int quantity, long available) =>
        Assert.NotNull(TransferRule.Against(Order with { To = to, Quantity = quantity }, Product("a"), available));

    [Fact]
    public void Manual_goods_have_nothing_to_move() =>
        Assert.NotNull(TransferRule.Against(Order, Product("a") with { Kind = ProductKind.Manual }, 10));

    [Fact]
    public void A_part_has_one_key_encryption_key_and_fits_a_record()
    {
        MovedKey[] picked = [Key(1, "k1", 100), Key(2, "k2", 100), Key(3, "k1", 100)];
        Assert.Equal([1, 3], TransferRule.Part(picked).Select(k => Number(k.Id)));
        Assert.Equal(TransferRule.MaxKeys, TransferRule.Part([.. Enumerable.Range(1, 1_500).Select(i => Key(i, "k", 100))]).Count);
        Assert.Equal(1, Assert.Single(TransferRule.Part([Key(1, "k", 600_000), Key(2, "k", 600_000)]).Select(k => Number(k.Id))));
        Assert.Empty(TransferRule.Part([]));
    }

    [Fact]
    public void The_same_deed_is_the_same_transfer_and_names_its_import()
    {
        var id = TransferRule.IdOf("approval-0A1b");
        Assert.Equal("movedapproval0a1b", id);
        Assert.Equal(id, TransferRule.PartId(id, 3).Split('-')[0]);
    }

    [Fact]
    public void A_topic_of_another_region_is_told_from_ones_own()
    {
        Assert.Equal(("b", Topics.KeyBatches.Name), LinkedTopic.Read(LinkedTopic.Of("b", Topics.KeyBatches)));
        Assert.Null(LinkedTopic.Read(Topics.KeyBatches.Name));
    }

    [Fact]
    public async Task The_other_region_gets_nothing_before_the_own_log_knows_that_it_is_gone()
    {
        var (here, there) = (new Journal(), new Journal());
        var own = new FakeLog(here);
        await using var log = new LinkedLog(own, new Dictionary<string, ILog> { ["b"] = new FakeLog(there) });
        LogRecord[] records = [Record(LinkedTopic.Of("b", Topics.KeyBatches), "moved"), Record(Topics.KeyBatches.Name, "void")];
        own.Answers.Enqueue(_ => [new(0, false, "away")]);

        Assert.Equal([0, 1], (await log.ProduceAllAsync(records, TestContext.Current.CancellationToken)).Select(f => f.Index));
        Assert.Empty(there.Lines);

        Assert.Empty(await log.ProduceAllAsync(records, TestContext.Current.CancellationToken));
        Assert.Equal("log void", here.Lines[^1]);
        Assert.Equal(["log moved"], there.Lines);
    }

    [Fact]
    public async Task Its_commit_number_stays_at_home_where_alone_it_is_a_witness()
    {
        IReadOnlyList<LogRecord> got = [];
        var other = new FakeLog(new Journal());
        other.Answers.Enqueue(records =>
        {
            got = records;
            return [];
        });
        await using var log = new LinkedLog(new FakeLog(new Journal()), new Dictionary<string, ILog> { ["b"] = other });
        var record = Record(LinkedTopic.Of("b", Topics.KeyBatches), "moved") with
        {
            Headers = [new(RecordHeaders.Type, [1]), new(RecordHeaders.Commit, [2])],
        };

        Assert.Empty(await log.ProduceAllAsync([record], TestContext.Current.CancellationToken));
        Assert.Equal([RecordHeaders.Type], Assert.Single(got).Headers.Select(h => h.Name));
        Assert.Equal(Topics.KeyBatches.Name, got[0].Topic);
    }

    [Fact]
    public async Task A_region_without_a_way_to_it_keeps_its_record_unsent_and_it_is_never_given_up()
    {
        await using var log = new LinkedLog(new FakeLog(new Journal()), new Dictionary<string, ILog>());
        var failure = Assert.Single(await log.ProduceAllAsync([Record(LinkedTopic.Of("c", Topics.KeyBatches), "moved")],
            TestContext.Current.CancellationToken));
        Assert.False(failure.Permanent);
        Assert.Contains("Regions__c__BootstrapServers", failure.Reason, StringComparison.Ordinal);
    }

    private static Product Product(string? home) =>
        new("S", "Card", 1_000, "CNY", 10, true, HoldPolicy.Order, 900, 0, 1) { Home = home };

    private static MovedKey Key(int id, string kek, int bytes) => new(new(id, 0, 0, new byte[8]), kek, new byte[bytes]);

    private static int Number(Guid id) => BitConverter.ToInt32(id.ToByteArray());

    private static LogRecord Record(string topic, string key) => new(topic, 0, System.Text.Encoding.UTF8.GetBytes(key), [2], []);
}
