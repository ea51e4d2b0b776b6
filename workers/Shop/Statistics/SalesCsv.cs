using System.Globalization;
using CsvHelper;

namespace CardShop.Shop.Statistics;

/// <summary>
/// A report for a spreadsheet: a row per day and product, as RFC 4180 says, with a byte order mark, without which Excel takes
/// UTF-8 for something else. A text that a spreadsheet would take for a formula is written as a text. Pure.
/// </summary>
public static class SalesCsv
{
    private const char Mark = '\uFEFF';

    private static readonly string[] Header =
    [
        "day", "sku", "placed", "paymentOpened", "paid", "delivered", "expired", "refused", "soldOut", "cancelled", "refunded",
        "revenue", "refundedAmount", "averageDeliverySeconds",
    ];

    public static string Write(SalesReport report)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        text.Write(Mark);
        using var csv = CsvWriter.Create(text, new() { NewLine = "\r\n", Injection = CsvInjection.Escape }, leaveOpen: true);
        csv.WriteRecord(Header);
        foreach (var (day, sku, f) in report.Days)
        {
            csv.WriteRecord(
            [
                day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), sku, Number(f.Placed), Number(f.PaymentOpened), Number(f.Paid),
                Number(f.Delivered), Number(f.Expired), Number(f.Refused), Number(f.SoldOut), Number(f.Cancelled), Number(f.Refunded),
                Number(f.Revenue), Number(f.RefundedAmount),
                f.AverageDeliverySeconds?.ToString("0.000", CultureInfo.InvariantCulture) ?? string.Empty,
            ]);
        }

        csv.Flush();
        return text.ToString();
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
