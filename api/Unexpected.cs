namespace CardShop.Api;

/// <summary>Bodies that Kestrel itself refuses, and faults of ours: no detail of those leaves the process.</summary>
internal static class Unexpected
{
    public static Task AnswerAsync(HttpContext context, Exception? error)
    {
        // What was set before the fault is gone.
        context.RequestServices.GetRequiredService<SecurityHeaders>().Set(context);
        if (error is BadHttpRequestException bad)
        {
            return Problem.Of(
                bad.StatusCode, "The request cannot be read",
                bad.StatusCode switch
                {
                    413 => "The body is too large.",
                    408 => "The body came too slowly. Send it again.",
                    _ => "The request is not sound HTTP.",
                }).WriteAsync(context);
        }

        ApiLog.Fault(
            context.RequestServices.GetRequiredService<ILogger<WebApplication>>(), error, context.Request.Method);
        return Problem.Of(
            StatusCodes.Status500InternalServerError, "Something went wrong here",
            "Send the same request again; with an Idempotency-Key nothing is done twice.").WriteAsync(context);
    }
}
