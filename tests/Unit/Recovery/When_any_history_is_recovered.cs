using System.Globalization;
using CardShop.Contracts;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;
using CardShop.Tests.Unit.Orders;
using Xunit;

namespace CardShop.Tests.Unit.Recovery;

/// <summary>
/// Random lives of an order, the database lost back to every moment of them: what is rebuilt is what was there; rebuilding it
/// again, as after an interruption, changes nothing; and where the last facts never left, keys and money agree all the same.
/// </summary>
public sealed class When_any_history_is_recovered
{
    private const int Lives = 1_500;

    [Fact]
    public void Every_cut_comes_to_the_same_keys_money_and_states()
    {
        var reached = new HashSet<string>();
        for (var seed = 1; seed <= Lives; seed++)
        {
            var life = RandomLife.Of(seed);
            reached.Add(life.Case.Payment?.Status.ToString() ?? "none");
            reached.Add(life.Case.Delivery?.Status.ToString() ?? "none");
            for (var step = 0; step <= life.Steps; step++)
            {
                var rebuilt = life.RebuiltSince(step);
                Same(Text(life.Case), Text(rebuilt.Case), seed, step, "rebuilt");
                var sum = (rebuilt.Case.Payment?.Version ?? 0) + (rebuilt.Case.Delivery?.Version ?? 0);
                Assert.True(sum >= life.HighestSequence(), $"seed {seed}, step {step}: {sum} below {life.HighestSequence()}");
                Assert.DoesNotContain(rebuilt.Records, r => r.EventId is not null);

                var again = life.RebuiltSince(step, restored: rebuilt.Case);
                Assert.True(ReferenceEquals(again.Case.Payment, rebuilt.Case.Payment), $"seed {seed}, step {step}: twice differs");
                Assert.True(ReferenceEquals(again.Case.Delivery, rebuilt.Case.Delivery), $"seed {seed}, step {step}: twice differs");
            }
        }

        // Otherwise the lives have become too tame to prove anything.
        Assert.Superset(
            new HashSet<string>
            {
                "Reserved", "AwaitingPayment", "Paid", "Refunding", "Refunded", "SoldOut", "Expired", "Cancelled", "Review",
                "Allocating", "Delivered", "WaitingStock", "Manual", "Withdrawn",
            },
            reached);
    }

    [Fact]
    public void Facts_that_never_left_take_nothing_from_anybody()
    {
        for (var seed = 1; seed <= Lives; seed++)
        {
            var life = RandomLife.Of(seed);
            for (var unsent = 1; unsent <= Math.Min(6, life.Steps); unsent++)
            {
                for (var step = 0; step <= life.Steps - unsent; step += 3)
                {
                    var rebuilt = life.RebuiltSince(step, unsent).Case;
                    Check(life, step, unsent, rebuilt, $"seed {seed}, step {step}, unsent {unsent}");
                    var again = life.RebuiltSince(step, unsent, rebuilt);
                    Assert.True(
                        ReferenceEquals(again.Case.Payment, rebuilt.Payment) && ReferenceEquals(again.Case.Delivery, rebuilt.Delivery),
                        $"seed {seed}, step {step}, unsent {unsent}: twice differs");
                }
            }
        }
    }

    /// <summary>What partners know stands; whoever has keys has no money back that was asked for before.</summary>
    private static void Check(LostOrder life, int step, int unsent, OrderCase rebuilt, string place)
    {
        var isToldDelivered = life.HasTold<OrderDelivered>(unsent);
        if (isToldDelivered || life.At(step).Delivery is { Status: DeliveryStatus.Delivered })
        {
            Assert.True(rebuilt.Delivery is { Status: DeliveryStatus.Delivered }, $"{place}: told delivered, is {rebuilt.Delivery?.Status}");
            Assert.True(
                rebuilt.Payment!.Status == PaymentStatus.Review || RefundDecider.Covering(rebuilt.Payment) is not null,
                $"{place}: delivered and not paid");
        }
        else if (rebuilt.Payment is { } payment && RefundDecider.Covering(payment) is { } covering
            && RefundDecider.Left(covering) != covering.Amount)
        {
            Assert.True(
                rebuilt.Delivery is { Status: DeliveryStatus.Withdrawn }, $"{place}: refunded, delivery {rebuilt.Delivery?.Status}");
        }

        foreach (var known in life.At(step).Payment?.Payments ?? [])
        {
            Assert.True(
                rebuilt.Payment!.Payments.Any(p => ModelShop.IsKept(known, p)), $"{place}: money of {known.Number} is gone");
        }
    }

    private static void Same(string expected, string actual, int seed, int step, string what)
    {
        if (expected != actual)
        {
            Assert.Fail($"seed {seed}, lost back to step {step}, {what}:\n{actual}\ninstead of\n{expected}");
        }
    }

    /// <summary>
    /// What must be the same. Whether an open order has its link, and a paid one its reservation, is asked anew: of the
    /// provider, and of the stock.
    /// </summary>
    private static string Text(OrderCase order)
    {
        var d = order.Delivery;
        var delivery = d?.Status is DeliveryStatus.Allocating or DeliveryStatus.WaitingStock ? "due" : d?.Status.ToString();
        return $"{delivery} {string.Join(',', d?.Keys ?? [])}\n" + (order.Payment is { } payment ? Text(payment) : "none");
    }

    private static string Text(PaymentSaga saga)
    {
        var status = saga.Status is PaymentStatus.Reserved or PaymentStatus.AwaitingPayment ? "open" : saga.Status.ToString();
        return $"{status} {saga.Reserved}"
            + "\n" + string.Join(';', saga.Attempts.Select(a => $"{a.Number} {a.Channel}"))
            + "\n" + string.Join(';', saga.Payments.Select(Text))
            + "\n" + string.Join(';', ReviewCases.OpenOf(saga).Select(c => $"{c.Kind} {c.Number}"));
    }

    private static string Text(ReceivedPayment payment) => string.Create(
        CultureInfo.InvariantCulture,
        $"{payment.Number} {payment.Amount} {payment.Use} {string.Join('+', (payment.Refunds ?? []).Select(r => $"{r.Number} {r.State}"))}");
}
