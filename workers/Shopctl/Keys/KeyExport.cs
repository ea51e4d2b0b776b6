using CardShop.Shop.Keys;
using Npgsql;

namespace CardShop.Shopctl.Keys;

/// <summary>Writes keys in plain text, as a CSV file that <c>keys import --format csv</c> reads.</summary>
public static class KeyExport
{
    /// <param name="status">Only keys of this status; null for all.</param>
    /// <param name="report">Told how many parts are written.</param>
    /// <returns>How many keys were written.</returns>
    public static async Task<long> WriteAsync(
        NpgsqlDataSource database, KeyVault vault, IReadOnlyList<string> parts, string? status, TextWriter output,
        Action<int> report, CancellationToken cancellation)
    {
        var count = 0L;
        await output.WriteLineAsync("number,secret");
        for (var i = 0; i < parts.Count; i++)
        {
            foreach (var key in await KeyBatches.OfPartAsync(database, parts[i], cancellation))
            {
                if (status is null || key.Status == status)
                {
                    var plain = vault.Open(key.Id, key.Kek, key.Sealed);
                    await output.WriteLineAsync($"{Field(plain.Number)},{Field(plain.Secret)}");
                    count++;
                }
            }

            report(i + 1);
        }

        return count;
    }

    private static string Field(string? text) =>
        text is null ? string.Empty : '"' + text.Replace("\"", "\"\"", StringComparison.Ordinal) + '"';
}
