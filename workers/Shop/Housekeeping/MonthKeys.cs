using System.Globalization;
using CardShop.Shop.Store;
using Npgsql;

namespace CardShop.Shop.Housekeeping;

/// <summary>A month whose contacts can still be read.</summary>
/// <param name="Kept">Why its key stays; null where it may expire.</param>
public sealed record MonthKey(string Month, string? Kept);

/// <summary>
/// Keys of months, under which that month's contacts are sealed, in topics, documents, archive and backups alike. Without
/// the key nobody reads them any more.
/// </summary>
public static class MonthKeys
{
    private const string Prefix = "contact-";

    /// <summary>Which of the months before another may expire. Pure.</summary>
    /// <param name="open">Months with orders that have not ended.</param>
    /// <param name="before">The first month that nobody asked about.</param>
    /// <param name="keepMonths">Months for which contacts must stay readable.</param>
    public static IReadOnlyList<MonthKey> Judge(
        IEnumerable<string> present, IReadOnlySet<string> open, string before, DateTimeOffset now, int keepMonths)
    {
        var needed = now.UtcDateTime.AddMonths(-keepMonths).ToString("yyyy-MM", CultureInfo.InvariantCulture);
        return
        [
            .. present.Where(m => string.CompareOrdinal(m, before) < 0).Order(StringComparer.Ordinal).Select(m => new MonthKey(
                m,
                string.CompareOrdinal(m, needed) >= 0
                    ? $"{HousekeepingOptions.Section}__{nameof(HousekeepingOptions.KeepContactsMonths)} says {keepMonths} months"
                    : open.Contains(m) ? "orders of it have not ended" : null)),
        ];
    }

    /// <summary>Months that have a key in the folder of the secrets.</summary>
    public static IReadOnlyList<string> Present(string directory) =>
        Directory.Exists(directory)
            ? [.. Directory.EnumerateFiles(directory, Prefix + "*").Select(p => Path.GetFileName(p)[Prefix.Length..])
                .Where(IsMonth).Order(StringComparer.Ordinal)]
            : [];

    /// <summary>Months with orders that have not ended, as their sealed contacts name them.</summary>
    public static async Task<IReadOnlySet<string>> OpenAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            $$"""
            SELECT DISTINCT split_part(data #>> '{order,contact}', ':', 1) FROM shop.mt_doc_paymentsaga
            WHERE data #>> '{order,contact}' IS NOT NULL
                AND (due IS NOT NULL OR data ->> 'status' IN ('reserved', 'awaiting-payment', 'refunding', 'review')
                    OR {{ReviewQueries.IsOpen}})
            UNION
            SELECT split_part(p.data #>> '{order,contact}', ':', 1)
            FROM shop.mt_doc_deliverysaga d JOIN shop.mt_doc_paymentsaga p ON p.id = d.id
            WHERE d.due IS NOT NULL AND p.data #>> '{order,contact}' IS NOT NULL
            """);
        command.CommandTimeout = 0;
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var months = new HashSet<string>();
        while (await reader.ReadAsync(cancellation))
        {
            months.Add(reader.GetString(0));
        }

        return months;
    }

    /// <summary>Deletes a month's key, durably. What it sealed is unreadable from here on, wherever it lies.</summary>
    public static void Expire(string directory, string month)
    {
        if (!IsMonth(month))
        {
            throw new ArgumentException($"{month} is no month", nameof(month));
        }

        File.Delete(Path.Combine(directory, Prefix + month));
        DurableFile.SyncFolder(directory);
    }

    /// <summary><c>YYYY-MM</c>.</summary>
    public static bool IsMonth(string text) =>
        DateOnly.TryParseExact(text, "yyyy-MM", CultureInfo.InvariantCulture, DateTimeStyles.None, out _);
}
