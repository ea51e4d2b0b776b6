namespace CardShop.Tests.Integration.Shop.Faults;

/// <summary>
/// Every fault that Sandbox can make, at every call that it can befall, before and after the money moved, for every
/// channel; and how each order must end.
/// </summary>
public static class FaultTable
{
    private static readonly string[] Channels = ["alipay", "wechat", "unionpay"];

    /// <summary>What can befall any call.</summary>
    private static readonly string[] Connection =
        ["delay", "drop-before", "drop-after", "status", "timeout-before", "timeout-after", "forged-signature"];

    /// <summary>What can be wrong with an answer about a trade.</summary>
    private static readonly string[] Untrue = ["wrong-amount", "other-order", "unknown-state"];

    public static IReadOnlyList<FaultRow> Rows => [.. Channels.SelectMany(Of)];

    private static IEnumerable<FaultRow> Of(string channel) =>
    [
        .. Creating(channel), .. Notifying(channel), .. Querying(channel), .. Closing(channel), .. Late(channel),
        .. Refunding(channel),
    ];

    private static IEnumerable<FaultRow> Creating(string channel)
    {
        foreach (var kind in Connection)
        {
            // UnionPay gives a code once: where that answer is lost, the order's next attempt has another.
            yield return Row(channel, Story.Pays, Once(kind, "create"), "delivered");
            if (kind is "delay" or "drop-after" or "timeout-after" or "forged-signature")
            {
                yield return Row(channel, Story.PaysUnseen, Once(kind, "create"), "delivered");
            }
        }
    }

    private static IEnumerable<FaultRow> Notifying(string channel)
    {
        foreach (var kind in Connection.Append("duplicate-notify"))
        {
            yield return Row(channel, Story.Pays, new(kind, "notify", 1), "delivered");
        }

        foreach (var kind in (string[])["drop-before", "drop-after", "forged-signature", "duplicate-notify"])
        {
            yield return Row(channel, Story.Pays, new(kind, "notify", 1_000), "delivered");
            yield return Row(channel, Story.Pays, new(kind, "notify", 1_000), "refunded") with { NothingLeft = true };
        }

        yield return Row(channel, Story.Pays, new("reorder-notify", "notify", 1), "refunded") with { NothingLeft = true };
        // The provider is asked after it, and what it says then is on record.
        yield return Row(channel, Story.Pays, new("wrong-amount", "notify", 1), "review");
        var other = Channels[(Array.IndexOf(Channels, channel) + 1) % Channels.Length];
        yield return Row(channel, Story.Pays, new("other-order", "notify", 1), "delivered") with { VictimChannel = other };
        yield return Row(channel, Story.Pays, new("other-order", "notify", 1), "delivered") with
        {
            VictimChannel = other,
            VictimPays = true,
        };
    }

    private static IEnumerable<FaultRow> Querying(string channel)
    {
        foreach (var kind in Connection.Concat(Untrue))
        {
            yield return Row(channel, Story.GoesAway, Once(kind, "query"), "expired");
            var lies = kind == "wrong-amount";
            yield return new FaultRow(
                channel, Story.Pays, false, [PlannedFault.NothingIsHeard, Once(kind, "query")],
                Set(lies ? "review" : "delivered"))
            {
                Lie = lies ? 1 : 0,
            };
        }
    }

    /// <summary>UnionPay has no call to close: a query after the trade's time is over says so.</summary>
    private static IEnumerable<FaultRow> Closing(string channel)
    {
        var method = channel == "unionpay" ? "query" : "close";
        foreach (var kind in Connection)
        {
            if (channel != "unionpay")
            {
                yield return Row(channel, Story.GoesAway, Once(kind, method), "expired");
            }

            yield return Row(channel, Story.Cancels, Once(kind, method), "cancelled");
            yield return new(
                channel, Story.PaysAndCancels, false, [PlannedFault.NothingIsHeard, Once(kind, method)], Set("delivered"));
        }
    }

    private static IEnumerable<FaultRow> Late(string channel)
    {
        // Where trades end by themselves, the money comes after a close that the buyer asked for.
        var story = channel == "unionpay" ? Story.GoesAway : Story.Cancels;
        yield return Row(channel, story, new("late-success", "close", 1), "delivered");
        yield return Row(channel, story, new("late-success", "close", 1), "refunded") with { NothingLeft = true };
        yield return Row(channel, Story.PaysLate, new("late-success", "pay", 1), "delivered");
        yield return Row(channel, Story.PaysLate, new("late-success", "pay", 1), "refunded") with { NothingLeft = true };
    }

    private static IEnumerable<FaultRow> Refunding(string channel)
    {
        foreach (var kind in Connection.Concat(Untrue))
        {
            yield return Row(channel, Story.Pays, Once(kind, "refund"), "refunded") with { NothingLeft = true };
            if (channel == "unionpay")
            {
                yield return Row(channel, Story.Pays, Once(kind, "refund-query"), "refunded") with { NothingLeft = true };
            }
            else if (channel == "alipay")
            {
                // It is asked how a refund ended only where the refund itself was repeated.
                yield return new(
                    channel, Story.Pays, true, [new("drop-after", "refund", 1), Once(kind, "refund-query")], Set("refunded"));
            }
        }
    }

    /// <summary>Often enough that the repeats inside one call do not hide it from the saga.</summary>
    private static PlannedFault Once(string kind, string method) => new(
        kind, method,
        kind is "delay" or "timeout-before" or "timeout-after" ? 2
            : kind is "drop-before" or "drop-after" || method is "query" or "refund-query" ? 4
            : 2);

    private static FaultRow Row(string channel, Story story, PlannedFault fault, params string[] expected) =>
        new(channel, story, false, [fault], Set(expected));

    private static HashSet<string> Set(params string[] states) => [.. states];
}
