using CardShop.Api.Orders;
using CardShop.Contracts;
using CardShop.Shop.Channels.UnionPay;
using CardShop.Shop.Orders;

namespace CardShop.Api.Payments;

/// <summary>
/// <c>GET /v1/payments/form/{provider number}</c>: the form that takes the buyer's browser to UnionPay's page. Nobody can
/// guess the number, and nothing but the form is shown, only while its order waits to be paid by it.
/// </summary>
public sealed class FormEndpoint(OrderDesk desk, RateLimits limits, TimeProvider time)
{
    /// <summary>The address without the number.</summary>
    public const string Path = "/v1/payments/form/";

    private static readonly Problem NotFound = Problem.Of(
        StatusCodes.Status404NotFound, "There is nothing to pay here", "Open the order again: its link may have changed.");

    public async Task HandleAsync(HttpContext context, string number)
    {
        if (!limits.AllowForm(context.Connection.RemoteIpAddress))
        {
            await Problem.Of(
                StatusCodes.Status429TooManyRequests, "Too many payments from this network", "Wait a little and try again.")
                .WriteAsync(context);
            return;
        }

        var (order, degraded) = OrderIds.OfProviderNumber(number) is { } id
            ? await desk.FindAsync(id, context.RequestAborted)
            : default;
        if (degraded)
        {
            await Problem.Of(
                StatusCodes.Status503ServiceUnavailable, "The payment cannot be opened at this moment",
                "Nothing was charged. Open it again in a moment.").WriteAsync(context);
            return;
        }

        if (PageOf(order?.Payment, number, time.GetUtcNow()) is not { } page)
        {
            await NotFound.WriteAsync(context);
            return;
        }

        var response = context.Response;
        var nonce = NewNonce();
        response.ContentType = "text/html; charset=utf-8";
        response.Headers.ContentSecurityPolicy = page.SecurityPolicy(nonce);
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Referrer-Policy"] = "no-referrer";
        await response.WriteAsync(page.Render(nonce, IsChinese(context.Request)), context.RequestAborted);
    }

    /// <returns>The page of the attempt that the order waits to be paid by; null for every other number.</returns>
    internal static UnionPayPage? PageOf(PaymentSaga? saga, string number, DateTimeOffset now) =>
        saga is { Status: PaymentStatus.AwaitingPayment, Attempts: [.., { Link: { } link } attempt] }
            && attempt.Number == number && now < attempt.ExpiresAt
            ? UnionPayPage.Split(link)
            : null;

    private static string NewNonce()
    {
        Span<byte> random = stackalloc byte[16];
        Randomness.Fill(random);
        return Convert.ToHexStringLower(random);
    }

    private static bool IsChinese(HttpRequest request) =>
        !request.Headers.AcceptLanguage.ToString().StartsWith("en", StringComparison.OrdinalIgnoreCase);
}
