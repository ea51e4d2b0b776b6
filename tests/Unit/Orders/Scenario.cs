using CardShop.Contracts;
using CardShop.Shop.Delivery;
using CardShop.Shop.Orders;
using CardShop.Shop.Payments;
using CardShop.Shop.Stock;
using Xunit;

namespace CardShop.Tests.Unit.Orders;

/// <summary>Given a state, facts and a time; when a message comes; then this is decided.</summary>
internal sealed record Scenario(OrderCase Order, Facts Facts, DateTimeOffset Now)
{
    public static Scenario Given(OrderCase order) =>
        new(order, new(100, [], ShopSettings.Default), An.Start + TimeSpan.FromSeconds(10));

    public Scenario With(long available) => this with { Facts = Facts with { Available = available } };

    public Scenario WithKeys(params Guid[] keys) => this with { Facts = Facts with { Keys = keys } };

    public Scenario At(DateTimeOffset now) => this with { Now = now };

    public Outcome When(PaymentMessage message) => new(this, PaymentDecider.Decide(Order, message, Facts, Now));

    public Outcome When(DeliveryMessage message) => new(this, DeliveryDecider.Decide(Order, message, Facts, Now));
}

/// <summary>What was decided, to be looked at and gone on from.</summary>
internal sealed record Outcome(Scenario Given, Decision Decision)
{
    public PaymentSaga Payment => Decision.Case.Payment!;

    public DeliverySaga Delivery => Decision.Case.Delivery!;

    /// <summary>The next message meets the new state.</summary>
    public Scenario Then => Given with { Order = Decision.Case };

    public Outcome Is(PaymentStatus status)
    {
        Assert.Equal(status, Decision.Case.Payment?.Status);
        return this;
    }

    public Outcome Is(DeliveryStatus status)
    {
        Assert.Equal(status, Decision.Case.Delivery?.Status);
        return this;
    }

    public Outcome MovesStock(StockDelta expected)
    {
        Assert.Equal(expected, Decision.Stock);
        return this;
    }

    /// <summary>Exactly these kinds of messages are sent.</summary>
    public Outcome Sends(params Type[] types)
    {
        Assert.Equal(types.Select(t => t.Name).Order(), Decision.Sends.Select(s => s.GetType().Name).Order());
        return this;
    }

    public T Sent<T>() => Assert.Single(Decision.Sends.OfType<T>());

    public Outcome IsDue(DateTimeOffset? at)
    {
        Assert.Equal(at, Decision.Case.Payment?.Due);
        return this;
    }

    /// <summary>A repeat, or nothing to do: the same objects, nothing sent, no stock moved.</summary>
    public Outcome ChangesNothing()
    {
        Assert.Same(Given.Order, Decision.Case);
        Assert.Empty(Decision.Sends);
        Assert.Equal(default, Decision.Stock);
        return this;
    }
}
