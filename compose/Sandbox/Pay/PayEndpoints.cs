using CardShop.Sandbox.Books;
using CardShop.Sandbox.Faults;
using CardShop.Sandbox.Providers;

namespace CardShop.Sandbox.Pay;

/// <summary>The buyer's side: <c>GET /pay/{number}</c> is the scan and the page, <c>POST</c> pays.</summary>
internal sealed class PayEndpoints(SandboxBooks books, SandboxOptions options, FaultPlan faults)
{
    private const string Policy =
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/pay/{number}", Show);
        routes.MapPost("/pay/{number}", Pay);
    }

    private IResult Show(string number, HttpContext context)
    {
        if (books.Scan(number) is not { } trade)
        {
            return Results.Problem("No payment has this number.", statusCode: StatusCodes.Status404NotFound);
        }

        var request = context.Request;
        context.Response.Headers.ContentSecurityPolicy = Policy;
        context.Response.Headers.CacheControl = "no-store";
        var site = CallGate.Site(request, options);
        return Results.Content(
            PayPage.Render(trade, books.IsOver(trade), $"{site}/pay/{number}", IsChinese(request)),
            "text/html; charset=utf-8");
    }

    private IResult Pay(string number, HttpContext context)
    {
        var outcome = books.Pay(number);
        if (outcome == PayOutcome.Closed && books.Find(number) is { PaidAt: null } trade
            && faults.Take(trade.Order.Provider, SandboxCall.Pay, number: number)?.Kind == FaultKind.LateSuccess)
        {
            outcome = books.PayLate(number);
        }

        var fromPage = context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal);
        if (fromPage && outcome != PayOutcome.NotFound)
        {
            context.Response.Headers.Location = $"/pay/{number}?lang={(IsChinese(context.Request) ? "zh" : "en")}";
            return Results.StatusCode(StatusCodes.Status303SeeOther);
        }

        return outcome switch
        {
            PayOutcome.Paid => Results.Ok(new PayAnswer(number, "paid", false)),
            PayOutcome.AlreadyPaid => Results.Ok(new PayAnswer(number, "paid", true)),
            PayOutcome.Closed => Results.Problem(
                "The payment is closed or its time is over.", statusCode: StatusCodes.Status409Conflict),
            PayOutcome.NotFound => Results.Problem(
                "No payment has this number.", statusCode: StatusCodes.Status404NotFound),
            _ => throw new InvalidOperationException(),
        };
    }

    private static bool IsChinese(HttpRequest request)
    {
        var wanted = request.Query["lang"].ToString();
        if (wanted.Length == 0)
        {
            wanted = request.Headers.AcceptLanguage.ToString();
        }

        return !wanted.StartsWith("en", StringComparison.OrdinalIgnoreCase);
    }
}

/// <summary>What paying came to.</summary>
/// <param name="Repeated">It had been paid before.</param>
public sealed record PayAnswer(string Number, string Status, bool Repeated);
