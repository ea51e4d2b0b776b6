using CardShop.Tests.Integration;
using CardShop.Tests.Integration.LogBroker;
using CardShop.Tests.Integration.Monitoring;
using CardShop.Tests.Integration.Partners;
using CardShop.Tests.Integration.Regions;
using CardShop.Tests.Integration.Shop;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(LongestFirst))]

namespace CardShop.Tests.Integration;

/// <summary>
/// Scenarios that take long begin early: one that began last would be waited for by idle processors. The runner takes from
/// both ends of the list when it begins, so this decides about the halves of a run, not about each place.
/// </summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    /// <summary>Half a minute or more each, all their tests together.</summary>
    private static readonly IReadOnlyList<Type> Long =
    [
        typeof(When_partners_follow_the_events),
        typeof(When_webhooks_are_called),
        typeof(When_a_buyer_gets_mail),
        typeof(When_a_provider_is_down),
        typeof(When_providers_err_in_every_way),
        typeof(When_prometheus_watches),
        typeof(When_processing_is_away),
        typeof(When_stock_goes_to_another_region),
        typeof(When_an_order_is_not_paid),
        typeof(When_a_provider_is_away_under_load),
        typeof(When_secrets_are_at_work),
        typeof(When_orders_have_ended_long_ago),
        typeof(When_a_partner_reads_the_feed),
        typeof(When_the_broker_dies),
    ];

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(
        IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
        [.. testCollections.OrderBy(c => Rank(c.TestCollectionDisplayName)).ThenBy(c => c.TestCollectionDisplayName, StringComparer.Ordinal)];

    /// <summary>A class without a collection of its own gives its one its name.</summary>
    private static int Rank(string collection)
    {
        for (var i = 0; i < Long.Count; i++)
        {
            if (collection.Contains(Long[i].FullName + " ", StringComparison.Ordinal))
            {
                return i;
            }
        }

        return Long.Count;
    }
}
