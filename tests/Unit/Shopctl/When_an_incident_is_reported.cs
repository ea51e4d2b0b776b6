using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline.Batches;
using CardShop.Shopctl.Incident;
using CardShop.Shopctl.Settings;
using Xunit;

namespace CardShop.Tests.Unit.Shopctl;

/// <summary>What is kept of the records of a span, and how it is written.</summary>
public sealed class When_an_incident_is_reported
{
    private static readonly DateTimeOffset Start = new(2026, 3, 5, 14, 0, 0, TimeSpan.Zero);
    private static readonly IncidentSpan Hour = new(Start, Start.AddHours(1));

    private int _offset;

    [Theory]
    [InlineData("2026-03-05T13:00Z", null, 60)]
    [InlineData("2026-03-05 13:00", "2026-03-05T13:30:00+00:00", 30)]
    [InlineData("90m", "now", 90)]
    [InlineData("2h", "1h", 60)]
    [InlineData("3d", null, 3 * 24 * 60)]
    public void Times_are_said_as_times_or_as_how_long_ago(string from, string? to, int minutes)
    {
        var span = IncidentSpan.Parse(from, to, Start);
        Assert.Equal(minutes, (span.To - span.From).TotalMinutes);
    }

    [Theory]
    [InlineData("yesterday", null)]
    [InlineData("1h", "2h")]
    [InlineData("100d", null)]
    [InlineData("-5m", null)]
    public void What_is_no_span_is_wrong_use(string from, string? to) => Assert.Equal(
        ExitCodes.Usage, Assert.Throws<ShopctlException>(() => IncidentSpan.Parse(from, to, Start)).ExitCode);

    [Theory]
    [InlineData(60, 1, 60)]
    [InlineData(24 * 60, 15, 96)]
    [InlineData(92 * 24 * 60, 24 * 60, 92)]
    public void A_long_span_has_wider_rows_not_more(int minutes, int width, int rows)
    {
        var span = new IncidentSpan(Start, Start.AddMinutes(minutes));
        Assert.Equal((width, rows), ((int)span.Width.TotalMinutes, span.Rows));
    }

    [Fact]
    public void Orders_are_counted_in_the_row_of_their_time()
    {
        var tally = new IncidentTally(Hour);
        tally.Take(Record(Topics.Orders, MessageTypes.OrderPlaced, "{}", minutes: 0));
        tally.Take(Record(Topics.Orders, MessageTypes.OrderPlaced, "{}", minutes: 59.9));
        tally.Take(Record(Topics.Orders, MessageTypes.OrderCancelRequested, "{}", minutes: 1));
        tally.Take(Record(Topics.Orders, MessageTypes.OrderPlaced, "{}", minutes: 60));
        tally.Take(Record(Topics.Deliveries, MessageTypes.OrderDelivered, "{}", minutes: 2));
        Assert.Equal((1L, 1L, 2L), (tally.Rows[0].Accepted, tally.Rows[59].Accepted, tally.Rows.Sum(r => r.Accepted)));
        Assert.Equal(1, tally.Rows[2].Delivered);
    }

    [Fact]
    public void What_failed_names_its_orders_each_once()
    {
        var tally = new IncidentTally(Hour);
        for (var i = 0; i < 2; i++)
        {
            tally.Take(Json(
                Topics.Deliveries, MessageTypes.DeliveryFailed,
                JsonSerializer.Serialize(
                    new DeliveryFailed("a1", "SKU", 1, "no stock", Start.AddMinutes(3), 2), ContractsJson.Default.DeliveryFailed)));
        }

        tally.Take(Json(
            Topics.DeadLetters, MessageTypes.DeadLetter,
            JsonSerializer.Serialize(
                new DeadLetter("shop.orders.v1", 3, 7, "k", "t", "JsonException: bad", "a2", Start.AddMinutes(4), [1]),
                ContractsJson.Default.DeadLetter)));
        Assert.Equal(2, tally.AffectedCount);
        Assert.Equal([("a1", "delivery failed"), ("a2", "dead letter")], tally.Affected);
        Assert.Equal(1, tally.DeadLetters);
        Assert.Contains(tally.Events, e => e.About.Contains("JsonException", StringComparison.Ordinal));
    }

    [Fact]
    public void Money_of_repeated_snapshots_counts_once_and_only_within_the_span()
    {
        var tally = new IncidentTally(Hour);
        tally.Take(Saga(RefundState.Asked));
        tally.Take(Saga(RefundState.Done));
        Assert.Equal((1L, 500L), tally.Refunds(RefundState.Done));
        Assert.Equal((0L, 0L), tally.Refunds(RefundState.Asked));
        Assert.Equal((1L, 700L, 1L), (tally.Surplus, tally.SurplusAmount, tally.Reviews));
        Assert.Equal([("a3", "refund, review, surplus payment")], tally.Affected);
    }

    [Fact]
    public void Lists_are_bounded_and_say_what_is_left_out()
    {
        var tally = new IncidentTally(Hour);
        for (var i = 0; i < 500; i++)
        {
            tally.Take(Json(
                Topics.Deliveries, MessageTypes.DeliveryFailed,
                JsonSerializer.Serialize(
                    new DeliveryFailed($"a{i}", "SKU", 1, "no stock", Start.AddMinutes(3), 2), ContractsJson.Default.DeliveryFailed)));
        }

        Assert.Equal((500L, IncidentTally.MaxOrders), (tally.AffectedCount, tally.Affected.Count()));
        Assert.Equal([("delivery failed", 300L)], tally.Unlisted);
        var text = IncidentReport.Write(tally, null, Start);
        Assert.Contains("## Affected orders: 500", text, StringComparison.Ordinal);
        Assert.Contains("400 more are not listed", text, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unreadable_record_is_a_line_and_no_failure()
    {
        var tally = new IncidentTally(Hour);
        tally.Take(Record(Topics.Audit, MessageTypes.AuditEntry, "{", minutes: 1));
        Assert.Equal("unreadable record", tally.Events.Single().What);
    }

    [Fact]
    public void The_report_shows_actions_alerts_and_no_contact()
    {
        var tally = new IncidentTally(Hour);
        tally.Take(Json(
            Topics.Audit, MessageTypes.AuditEntry,
            JsonSerializer.Serialize(
                new AuditEntry("ann", "refund", "a1", "asked | by ann@example.org, 138 1234 5678", Start.AddMinutes(9), "bob"),
                ContractsJson.Default.AuditEntry)));
        tally.Take(Json(
            Topics.Channels, "",
            JsonSerializer.Serialize(
                new ChannelState("alipay", false, Start.AddMinutes(5), ["main"]), ContractsJson.Default.ChannelState)));
        var text = IncidentReport.Write(
            tally, [new("ApiDown", "P0", "job=api", Start.AddMinutes(1), Start.AddMinutes(2))], Start.AddHours(2));
        Assert.Contains("| 2026-03-05 14:09:00 | ann | refund | a1 | asked \\| by (contact) (contact) | bob | - |", text, StringComparison.Ordinal);
        Assert.Contains("| 2026-03-05 14:01:00 | 2026-03-05 14:02:00 | ApiDown | P0 | job=api |", text, StringComparison.Ordinal);
        Assert.Contains("alipay is DOWN (main down)", text, StringComparison.Ordinal);
        Assert.DoesNotContain("example.org", text, StringComparison.Ordinal);
        Assert.DoesNotContain("138", text, StringComparison.Ordinal);
        foreach (var part in new[] { "Class: P0 / P1 / P2 / P3", "## Cause", "## What was done", "## Prevention" })
        {
            Assert.Contains(part, text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("buyer@example.org", "(contact)")]
    [InlineData("call +86 13812345678 now", "call (contact) now")]
    [InlineData("two\nlines\u0007", "two lines")]
    [InlineData("<b>`x`", "&lt;b>'x'")]
    [InlineData("5000 fen of afei5rwuqdufgu4vlvfs4b4522", "5000 fen of afei5rwuqdufgu4vlvfs4b4522")]
    public void Free_text_is_made_plain(string text, string plain) => Assert.Equal(plain, PlainText.Cell(text));

    [Fact]
    public void Alerts_and_restarts_are_read_as_Prometheus_answers_them()
    {
        const string Answer =
            """
            {"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"ALERTS","alertname":"SlowApi",
             "alertstate":"firing","severity":"P1","job":"api"},"values":[[1772719200,"1"],[1772719260.5,"1"]]}]}}
            """;
        var alert = AlertsReader.Alerts(Answer).Single();
        Assert.Equal(("SlowApi", "P1", "job=api", Start, Start.AddSeconds(60.5)), (alert.Name, alert.Severity, alert.Labels, alert.First, alert.Last));
        var starts = AlertsReader.Starts(
            """{"data":{"result":[{"metric":{"job":"api","instance":"a:1"},"values":[[1772719200,"1772719205.9"],[1772719260,"1772719205.9"],[1772719300,"1"]]}]}}""",
            Hour);
        Assert.Equal([("api a:1", Start.AddSeconds(5))], starts);
    }

    [Theory]
    [InlineData(0, 10, '·')]
    [InlineData(1, 1_000_000, '▁')]
    [InlineData(10, 10, '█')]
    [InlineData(0, 0, '·')]
    public void Anything_at_all_is_seen_in_the_chart(long value, long most, char bar) => Assert.Equal(bar, IncidentReport.Bar(value, most));

    private LogIncoming Saga(RefundState state)
    {
        var saga = new PaymentSaga(
            "a3", PaymentStatus.Refunding, null, false, [],
            [
                new("a301", "t1", 500, Start.AddDays(-1), "notification", PaymentUse.Order,
                    [new("a301R1", 500, state, Start.AddMinutes(5), "goodwill"), new("a301R0", 1, state, Start.AddDays(-1), "old")]),
                new("a302", "t2", 700, Start.AddMinutes(6), "notification", PaymentUse.Surplus),
                new("a303", "t3", 900, Start.AddDays(-1), "notification", PaymentUse.Surplus),
            ],
            [], null,
            Reviews: [new(ReviewKind.RefundRejected, "no", Start.AddMinutes(7)), new(ReviewKind.Poison, "old", Start.AddDays(-1))]);
        return Json(Topics.SagaFacts, MessageTypes.PaymentSaga, JsonSerializer.Serialize(saga, ContractsJson.Default.PaymentSaga));
    }

    private LogIncoming Json(Topic topic, string type, string json) => Record(topic, type, json, minutes: 3);

    private LogIncoming Record(Topic topic, string type, string json, double minutes) => new(
        new(topic.Name, 0), _offset++, "key", System.Text.Encoding.UTF8.GetBytes(json), type, 0, Start.AddMinutes(minutes), null);
}
