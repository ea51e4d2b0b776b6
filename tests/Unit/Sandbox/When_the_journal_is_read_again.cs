using CardShop.Sandbox.Books;
using Xunit;

namespace CardShop.Tests.Unit.Sandbox;

public sealed class When_the_journal_is_read_again : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cardshop-journal-").FullName;
    private readonly ManualClock _clock = new();

    private string JournalFile => Path.Combine(_folder, "trades.jsonl");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Every_fact_is_there_again()
    {
        IReadOnlyList<SandboxTrade> before;
        using (var journal = Open(out var books))
        {
            foreach (var number in (string[])["A", "B", "C", "D", "E", "F"])
            {
                books.Open(Order(number), out _);
            }

            books.Scan("B");
            books.Scan("C");
            books.Close("C");
            books.Pay("D");
            books.CountDelivery("D", books.Find("D")!.Notices[0].Id, acknowledged: true);
            books.Pay("E");
            books.Refund("E", "R1", 10, "卡密", out _);
            books.Refund("E", "R2", 4990, "", out _);
            books.Scan("F");
            books.Close("F");
            books.PayLate("F");
            books.Refund("F", "R3", 10, "", out _, "http://127.0.0.1:1/refunds");
            before = books.List(0, 10);
        }

        for (var round = 0; round < 2; round++)
        {
            using var journal = Open(out var books);
            Assert.Equal(Describe(before), Describe(books.List(0, 10)));
            Assert.Equal(5, books.Unacknowledged().Count);
            Assert.Equal("F", books.FindByRefund("alipay", "R3")!.Number);
            Assert.Equal(RefundOutcome.Repeated, books.Refund("E", "R1", 10, "卡密", out _));
        }
    }

    [Fact]
    public void A_torn_line_is_left_out_and_the_rest_stays()
    {
        using (var journal = Open(out var books))
        {
            books.Open(Order("A"), out _);
            books.Pay("A");
        }

        File.AppendAllText(JournalFile, "{\"event\":\"opened\",\"num");
        using (var journal = Open(out var books))
        {
            Assert.Equal(1, journal.SkippedLines);
            Assert.Equal(SandboxState.Paid, books.Find("A")!.State);
            books.Open(Order("B"), out _);
        }

        using (var journal = Open(out var books))
        {
            Assert.Equal(0, journal.SkippedLines);
            Assert.Equal(2, books.Count);
        }
    }

    [Fact]
    public void A_second_writer_is_kept_out()
    {
        using var first = Open(out _);

        Assert.ThrowsAny<IOException>(() => Open(out _));
    }

    [Fact]
    public void What_cannot_be_written_did_not_happen()
    {
        var books = new SandboxBooks(_clock, new FullDisk());

        Assert.Throws<IOException>(() => books.Open(Order("A"), out _));
        Assert.Equal(0, books.Count);
    }

    private TradeJournal Open(out SandboxBooks books)
    {
        var journal = new TradeJournal(_folder);
        books = new SandboxBooks(_clock, journal);
        books.Restore(journal.Read());
        journal.Start(books.Snapshot());
        return journal;
    }

    private OpenTrade Order(string number) => new(
        number, "alipay", "2021000000000001", 5000, "STEAM-50", _clock.GetUtcNow().AddMinutes(15),
        "http://127.0.0.1:1/");

    private static IEnumerable<string> Describe(IEnumerable<SandboxTrade> trades) => trades.Select(one =>
        $"{one.Order} {one.TradeNo} {one.State} {one.ScannedAt} {one.PaidAt} {one.ClosedAt} "
        + string.Join(' ', one.Refunds)
        + string.Join(' ', one.Notices.Select(note => $"{note.Id} {note.State} {note.Acknowledged}")));

    private sealed class FullDisk : ITradeJournal
    {
        public void Append(TradeEvent happened) => throw new IOException("no space left");
    }
}
