using System.CommandLine;
using System.Globalization;
using System.Text;
using CardShop.Shop.Statistics;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Statistics;

/// <summary><c>shopctl statistics</c>: sales per day and product, conversion, channels, delivery times.</summary>
public static class StatisticsCommand
{
    /// <summary>Somebody waits at a terminal, who may wait longer than a page.</summary>
    private static readonly TimeSpan Budget = TimeSpan.FromMinutes(2);

    public static Command Create(Session session)
    {
        var from = new Option<string?>("--from") { Description = "The first day, as 2030-01-01; absent = 29 days before the last." };
        var to = new Option<string?>("--to") { Description = "The last day; absent = today." };
        var csv = new Option<FileInfo?>("--csv") { Description = "Writes a file for spreadsheets, a row per day and product; a file that is there is replaced." };
        var statistics = new Command(
            "statistics", "Sales per day and product, conversion, channels, delivery times. A figure belongs to the day of its order.") { from, to, csv };
        session.Bind(statistics, async (servers, arguments, cancellation) =>
        {
            await servers.RequireDatabaseAsync(cancellation);
            var rollUp = RollUp(servers, session.Settings);
            if (SalesRange.Parse(arguments.GetValue(from), arguments.GetValue(to), rollUp.Today, out var range) is { } wrong)
            {
                throw new ShopctlException(ExitCodes.Usage, $"--{wrong.Field}: {wrong.Message}");
            }

            session.Screen.Note("Counting the days that nobody has asked for yet …");
            var report = await new SalesReader(servers.Database, rollUp, Budget).ReadAsync(range.From, range.To, cancellation)
                ?? throw new ShopctlException(ExitCodes.Usage, SalesRange.TooMuch);
            if (arguments.GetValue(csv) is { } file)
            {
                await WriteAsync(file, report, cancellation);
                session.Screen.Line(string.Create(CultureInfo.InvariantCulture, $"{report.Days.Count:N0} rows are in {file.FullName}."));
            }
            else
            {
                Show(session.Screen, report);
            }

            if (report.Pending.Count > 0)
            {
                session.Screen.Note(
                    $"{report.Pending.Count} days are still to be counted and are in no figure, {report.Pending[0]:yyyy-MM-dd} first: run it again.");
            }

            return ExitCodes.Ok;
        });
        return statistics;
    }

    /// <summary>Counts days in the zone that the settings name.</summary>
    internal static RollUp RollUp(ShopServers servers, ShopctlSettings settings)
    {
        try
        {
            return new(servers.Database, ShopDays.Of(settings.Optional(ShopDays.Setting)), servers.Time);
        }
        catch (InvalidOperationException e) when (e is not ShopctlException)
        {
            throw new ShopctlException(ExitCodes.Usage, e.Message, e);
        }
    }

    /// <summary>The mark at its beginning is the report's own.</summary>
    private static async Task WriteAsync(FileInfo file, SalesReport report, CancellationToken cancellation)
    {
        try
        {
            await File.WriteAllTextAsync(file.FullName, SalesCsv.Write(report), new UTF8Encoding(false), cancellation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ShopctlException(ExitCodes.Usage, $"{file.FullName} cannot be written ({e.Message}): name another file.", e);
        }
    }

    private static void Show(Screen screen, SalesReport report)
    {
        var days = Screen.Table("day", "product", "#placed", "#paid", "#delivered", "#expired", "#refunded", "#revenue", "#went back", "#delivery, s");
        foreach (var (day, sku, f) in report.Days)
        {
            Screen.Row(
                days, day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), sku, Number(f.Placed), Number(f.Paid), Number(f.Delivered),
                Number(f.Expired), Number(f.Refunded), Money(f.Revenue), Money(f.RefundedAmount),
                f.AverageDeliverySeconds?.ToString("F1", CultureInfo.InvariantCulture) ?? "-");
        }

        screen.Show(days);
        var funnel = Screen.Table("orders", "#count", "#of placed");
        foreach (var (name, count) in new[]
        {
            ("placed", report.Funnel.Placed), ("payment opened", report.Funnel.PaymentOpened), ("paid", report.Funnel.Paid),
            ("delivered", report.Funnel.Delivered), ("expired", report.Funnel.Expired), ("cancelled", report.Funnel.Cancelled),
            ("refused", report.Funnel.Refused), ("sold out", report.Funnel.SoldOut), ("refunded", report.Funnel.Refunded),
        })
        {
            Screen.Row(funnel, name, Number(count), Share(count, report.Funnel.Placed));
        }

        screen.Show(funnel);
        var channels = Screen.Table("channel", "#paid orders", "#share", "#revenue");
        foreach (var channel in report.Channels)
        {
            Screen.Row(channels, channel.Channel, Number(channel.Orders), Share(channel.Orders, report.Funnel.Paid), Money(channel.Amount));
        }

        screen.Show(channels);
        screen.Line($"Days of {report.Zone}; money as the provider counted it, 1.00 = 100 fen.");
    }

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Money(long fen) => (fen / 100m).ToString("N2", CultureInfo.InvariantCulture);

    private static string Share(long part, long whole) =>
        whole == 0 ? "-" : ((double)part / whole).ToString("P1", CultureInfo.InvariantCulture);
}
