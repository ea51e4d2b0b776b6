using System.Text.RegularExpressions;
using CardShop.Shop.Housekeeping;
using CardShop.Shop.Store;
using Xunit;

namespace CardShop.Tests.Unit.Housekeeping;

/// <summary>Cost must not grow with history: every table is bounded, and somebody has said by what.</summary>
public sealed partial class When_tables_grow
{
    [Fact]
    public void Every_table_of_the_schema_has_a_bound_or_a_clean_up_job()
    {
        var assembly = typeof(ShopWork).Assembly;
        var tables = assembly.GetManifestResourceNames().Where(n => n.EndsWith(".sql", StringComparison.Ordinal)).Order(StringComparer.Ordinal)
            .SelectMany(name =>
            {
                using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
                return Created().Matches(reader.ReadToEnd()).Select(m => m.Groups[1].Value);
            })
            .Append("migrations").Distinct().Order(StringComparer.Ordinal).ToList();

        Assert.Equal(tables, TableCare.All.Select(t => t.Table).Order(StringComparer.Ordinal));
        Assert.All(TableCare.All, t => Assert.Equal(t.Bound == TableBound.CleanedUp, t.Clean is not null && t.Keeping != Keeping.None));
        Assert.All(TableCare.All, t => Assert.NotEmpty(t.Why));
    }

    [Fact]
    public void A_clean_up_takes_a_bounded_part_of_its_own_table_and_only_what_is_old()
    {
        Assert.All(TableCare.All.Where(t => t.Clean is not null), t =>
        {
            Assert.StartsWith($"DELETE FROM shop.{t.Table} ", t.Clean, StringComparison.Ordinal);
            Assert.Contains("LIMIT $2", t.Clean, StringComparison.Ordinal);
            Assert.Contains("< $1", t.Clean, StringComparison.Ordinal);
        });
    }

    [GeneratedRegex(@"CREATE (?:UNLOGGED )?TABLE (?:IF NOT EXISTS )?shop\.(\w+)")]
    private static partial Regex Created();
}
