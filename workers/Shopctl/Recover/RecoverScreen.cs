using System.Globalization;
using CardShop.Contracts;
using CardShop.Shop.Recovery;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Recover;

/// <summary>A recovery's plan and report as operators see them, and as one line for the audit trail.</summary>
internal static class RecoverScreen
{
    private static readonly Topic[] Read =
    [
        Topics.Catalog, Topics.Partners, Topics.KeyBatches, Topics.SagaFacts, Topics.Deliveries, Topics.PaymentNotifications,
        Topics.Orders, Topics.PartnerRequests,
    ];

    public static void Show(Screen screen, RecoveryPlan plan, string? fenced)
    {
        screen.Line(Text($"Fenced: {fenced ?? "no; the database is empty and the log is not"}."));
        screen.Line(Text($"PostgreSQL stands at commit {plan.Commit}, Kafka names {Math.Max(plan.Named, plan.Commit)}."));
        screen.Line(plan.Since is { } since
            ? Text($"PostgreSQL has lived to {since.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC at least.")
            : "PostgreSQL is empty.");
        if (plan.TakeOver is { } takeOver)
        {
            screen.Line(Text(
                $"Taken over from '{takeOver.Log}*', copied to {takeOver.CopiedTo.UtcDateTime:yyyy-MM-dd HH:mm:ss.fff}, lost at {takeOver.LostAt.UtcDateTime:yyyy-MM-dd HH:mm:ss.fff} UTC: lag {takeOver.Lag.TotalSeconds:F1} s."));
        }

        var table = Screen.Table("topic", "#partitions", "#kept from", "#to read", "#end");
        foreach (var topic in Read)
        {
            var ranges = plan.Of(topic).ToList();
            Screen.Row(
                table, topic.Name, Number(ranges.Count), Number(ranges.Select(r => r.First).DefaultIfEmpty(0).Max()),
                Number(ranges.Sum(r => r.Records)), Number(ranges.Sum(r => r.End)));
        }

        screen.Show(table);
        foreach (var objection in plan.Objections)
        {
            screen.Line("CANNOT: " + objection);
        }
    }

    public static void Show(Screen screen, RecoveryPlan plan, RecoveryReport report, TimeSpan elapsed)
    {
        var table = Screen.Table("what", "#count");
        foreach (var (what, count) in Rows(report))
        {
            Screen.Row(table, what, Number(count));
        }

        Screen.Row(table, "commit before", Number(plan.Commit));
        Screen.Row(table, "commit after", Number(report.CommitAfter));
        screen.Show(table);
        foreach (var webhook in report.WebhooksDisabled)
        {
            screen.Line(
                $"Webhook {webhook.Id} of {webhook.Partner} is disabled: {webhook.Reason}. It is sent what it missed since " +
                $"{Screen.Time(webhook.MissedSince)} by 'shopctl partner webhook enable {webhook.Id}'.");
        }

        screen.Line(Text($"Recovered in {elapsed.TotalSeconds:F1} s, {report.Orders / Math.Max(0.001, elapsed.TotalSeconds):N0} orders/s."));
    }

    public static string Line(RecoveryPlan plan) => Text(
        $"from commit {plan.Commit}, log at {plan.Named}, ") + string.Join(
        ", ", Read.Select(t => Text($"{t.Name} {plan.RecordsOf(t)}")));

    public static string Line(RecoveryReport report) => Text($"commit {report.CommitAfter}, ") + string.Join(
        ", ", Rows(report).Select(r => Text($"{r.What} {r.Count}")));

    private static (string What, long Count)[] Rows(RecoveryReport report) =>
    [
        ("catalog and partner rows", report.CatalogRows),
        ("keys imported", report.KeysImported),
        ("keys sold again, as events say", report.KeysSold),
        ("keys replaced, as events say", report.KeysReplaced),
        ("texts handed over", report.TextsHandedOver),
        ("keys voided", report.KeysVoided),
        ("keys moved to other regions", report.KeysMoved),
        ("orders looked at", report.Orders),
        ("of them from snapshots", report.FromSnapshot),
        ("of them from inputs alone", report.FromInputs),
        ("inputs applied", report.InputsApplied),
        ("facts and events left to send", report.RecordsToSend),
        ("orders due to be asked about", report.DueForQuery),
        ("paid orders that have to wait for stock", report.Waiting),
        ("paid orders that wait no more", report.Served),
        ("unpaid orders that hold no stock any more", report.Unheld),
        ("stock rows counted", report.StockRows),
        ("orders of the lag, before a person", report.LagOrders),
        ("open orders that the lag may have paid", report.LagOpen),
        ("keys that the lag may have issued, void", report.LagKeys),
        ("events for webhooks and mails again", report.EventsForPartners),
        ("webhooks disabled, with too many events", report.WebhooksDisabled.Count),
        ("commands removed from queues", report.CommandsPurged),
        ("records that nobody can read", report.Unreadable),
    ];

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
