namespace CardShop.Shopctl.Keys;

/// <summary>
/// A key that is sold up to a quota is that many units in stock: each a row with the same text, sealed by itself, with an id
/// of its own. So units are reserved, sold, counted and audited like unique keys, and the quota cannot be exceeded.
/// </summary>
internal static class ReusableKeys
{
    /// <param name="quota">Null for unique keys: the lines as they are.</param>
    public static async IAsyncEnumerable<KeyLine> UnitsAsync(IAsyncEnumerable<KeyLine> lines, int? quota)
    {
        await foreach (var line in lines)
        {
            if (quota is not { } units || line.Key is null)
            {
                yield return line;
                continue;
            }

            for (var unit = 1; unit <= units; unit++)
            {
                yield return line with { Unit = (ulong)unit };
            }
        }
    }
}
