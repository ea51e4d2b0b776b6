using System.ComponentModel;
using System.Globalization;
using CardShop.Shop.Statistics;

namespace CardShop.Api.Admin;

/// <summary>What the owner wants to know of his shop: sales, conversion, channels, how long deliveries take.</summary>
public sealed class AdminStatistics(AdminCalls calls, AdminAccess access, AdminShop shop, ShopDays days, TimeProvider time)
{
    private const string Path = "/v1/admin/statistics";

    /// <summary>Counting days that nobody has asked for yet may take so long; the rest is named in the answer.</summary>
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(5);

    public static void Map(WebApplication app)
    {
        var statistics = app.Services.GetRequiredService<AdminStatistics>();
        app.MapGet(
            Path,
            (HttpContext c, [Description(AdminExamples.FromDayText)] string? from, [Description(AdminExamples.ToDayText)] string? to) =>
                statistics.ReportAsync(c, from, to))
            .Reads<SalesReport>("Sales per day and product, conversion, channels").ProducesProblems(400);
        app.MapGet(
            Path + ".csv",
            (HttpContext c, [Description(AdminExamples.FromDayText)] string? from, [Description(AdminExamples.ToDayText)] string? to) =>
                statistics.CsvAsync(c, from, to))
            .Reads<string>("The same as a file for spreadsheets: a row per day and product", "text/csv").ProducesProblems(400);
    }

    public Task ReportAsync(HttpContext context, string? from, string? to) => ReadAsync(
        context, from, to, (_, report) => AdminAnswer.Json(report, SalesJson.Default.SalesReport));

    public Task CsvAsync(HttpContext context, string? from, string? to) => ReadAsync(
        context, from, to, (range, report) => AdminAnswer.File(
            SalesCsv.Write(report), "text/csv",
            string.Create(CultureInfo.InvariantCulture, $"statistics-{range.From:yyyy-MM-dd}-{range.To:yyyy-MM-dd}.csv")));

    private Task ReadAsync(
        HttpContext context, string? from, string? to, Func<SalesRange, SalesReport, AdminAnswer> answer) =>
        calls.RunAsync(context, async cancellation =>
        {
            var (by, refusal) = await access.RequireAsync(context, AdminRules.View, "statistics", cancellation);
            if (by is null)
            {
                return AdminAnswer.Of(refusal!);
            }

            var rollUp = new RollUp(shop.Database, days, time);
            if (SalesRange.Parse(from, to, rollUp.Today, out var range) is { } wrong)
            {
                return AdminAnswer.Of(Problem.Field(wrong.Field, wrong.Message));
            }

            return await new SalesReader(shop.Database, rollUp, Budget).ReadAsync(range.From, range.To, cancellation) is { } report
                ? answer(range, report)
                : AdminAnswer.Of(Problem.Field("from", SalesRange.TooMuch));
        });
}
