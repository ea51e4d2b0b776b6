using CardShop.Sandbox.Books;
using CardShop.Sandbox.Faults;
using CardShop.Sandbox.Notices;

namespace CardShop.Sandbox.Control;

/// <summary>What tests and operators of a demo use: look at trades, repeat notifications, plan faults.</summary>
internal sealed class ControlEndpoints(SandboxBooks books, NoticeSender sender, FaultPlan faults)
{
    private const int ListLimit = 1000;
    private const int RepeatLimit = 1000;
    private const int LongestFault = 120_000;

    public void Map(IEndpointRouteBuilder routes)
    {
        var control = routes.MapGroup("/control");
        control.MapGet("/stats", () => new ControlStats(books.Count, sender.Waiting, faults.List().Count));
        control.MapGet("/trades", List);
        control.MapGet("/trades/{number}", (string number) =>
            books.Find(number) is { } trade ? Results.Ok(ControlTrade.From(trade)) : Missing());
        control.MapPost("/trades/{number}/scan", (string number) =>
            books.Scan(number) is { } trade ? Results.Ok(ControlTrade.From(trade)) : Missing());
        control.MapPost("/trades/{number}/pay-late", PayLate);
        control.MapPost("/trades/{number}/decline", Decline);
        control.MapPost("/trades/{number}/notify", RepeatAsync);
        control.MapGet("/faults", faults.List);
        control.MapPost("/faults", Plan);
        control.MapDelete("/faults", () =>
        {
            faults.Clear();
            return Results.NoContent();
        });
    }

    private IResult List(string? state = null, int skip = 0, int limit = 100)
    {
        SandboxState? wanted = null;
        if (!string.IsNullOrEmpty(state))
        {
            if (!Enum.TryParse<SandboxState>(state, ignoreCase: true, out var parsed) || !Enum.IsDefined(parsed))
            {
                return Wrong("state must be offered, waiting, paid or closed.");
            }

            wanted = parsed;
        }

        return skip >= 0 && limit is >= 1 and <= ListLimit
            ? Results.Ok(new ControlTrades([.. books.List(skip, limit, wanted).Select(ControlTrade.From)]))
            : Wrong($"skip must be 0 or more, limit 1 to {ListLimit}.");
    }

    private IResult Decline(string number) =>
        books.Find(number) is null ? Missing()
        : books.Decline(number) ? Results.Ok(ControlTrade.From(books.Find(number)!))
        : Results.Problem("This trade is not payable.", statusCode: StatusCodes.Status409Conflict);

    private IResult PayLate(string number) => books.PayLate(number) switch
    {
        PayOutcome.Paid => Results.Ok(ControlTrade.From(books.Find(number)!)),
        PayOutcome.AlreadyPaid or PayOutcome.Closed => Results.Problem(
            "This trade was paid before.", statusCode: StatusCodes.Status409Conflict),
        PayOutcome.NotFound => Missing(),
        _ => throw new InvalidOperationException(),
    };

    private async Task<IResult> RepeatAsync(string number, CancellationToken cancellation, int times = 1)
    {
        if (times is < 1 or > RepeatLimit)
        {
            return Wrong($"times must be 1 to {RepeatLimit}.");
        }

        if (books.Find(number) is not { } trade)
        {
            return Missing();
        }

        if (trade.Notices.Count == 0)
        {
            return Results.Problem("This trade has no notification.", statusCode: StatusCodes.Status409Conflict);
        }

        var deliveries = await sender.RepeatAsync(trade, trade.Notices[^1], times, cancellation);
        return deliveries.Count == 0
            ? Results.Problem("The provider does not notify this.", statusCode: StatusCodes.Status409Conflict)
            : Results.Ok(new ControlRepeat(
            deliveries.Count, deliveries.Count(one => one.Acknowledged),
            deliveries.GroupBy(one => one.Answer, StringComparer.Ordinal)
                .ToDictionary(one => one.Key, one => one.Count(), StringComparer.Ordinal)));
    }

    private IResult Plan(Fault fault)
    {
        if (fault.Times is < 1 or > 1_000_000 || fault.Milliseconds is < 0 or > LongestFault
            || fault.Status is < 400 or > 599 || fault.Copies is < 2 or > RepeatLimit || !Enum.IsDefined(fault.Kind))
        {
            return Wrong(
                $"times is 1 to 1000000, milliseconds 0 to {LongestFault}, status 400 to 599, copies 2 to {RepeatLimit}.");
        }

        return faults.Add(fault)
            ? Results.Ok(fault)
            : Results.Problem("Too many faults are waiting.", statusCode: StatusCodes.Status429TooManyRequests);
    }

    private static IResult Missing() =>
        Results.Problem("No payment has this number.", statusCode: StatusCodes.Status404NotFound);

    private static IResult Wrong(string detail) =>
        Results.Problem(detail, statusCode: StatusCodes.Status400BadRequest);
}
