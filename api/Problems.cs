using System.Text.Json;

namespace CardShop.Api;

/// <summary>An error as RFC 9457 says, with what to do in <c>detail</c>.</summary>
/// <param name="Errors">Per field, what is wrong with it.</param>
/// <param name="OrderId">An order that may exist from an earlier request under the same Idempotency-Key.</param>
public sealed record Problem(
    string Type, string Title, int Status, string? Detail = null,
    IReadOnlyDictionary<string, string[]>? Errors = null, string? OrderId = null, string? Token = null)
    : IResult
{
    public static Problem Fields(IReadOnlyDictionary<string, string[]> errors) => new(
        "about:blank", "Some fields are not right", StatusCodes.Status400BadRequest,
        "Correct the fields named in errors and send the request again.", errors);

    public static Problem Field(string name, string message) =>
        Fields(new Dictionary<string, string[]> { [name] = [message] });

    public static Problem Of(int status, string title, string? detail = null) => new("about:blank", title, status, detail);

    /// <summary>Nothing was acknowledged. It may be stored all the same: a repeat needs the same Idempotency-Key.</summary>
    public static Problem Unavailable(string detail) =>
        Of(StatusCodes.Status503ServiceUnavailable, "Orders cannot be taken at this moment", detail);

    Task IResult.ExecuteAsync(HttpContext httpContext) => WriteAsync(httpContext);

    public Task WriteAsync(HttpContext context)
    {
        context.Response.StatusCode = Status;
        context.Response.ContentType = "application/problem+json";
        if (Status is StatusCodes.Status503ServiceUnavailable or StatusCodes.Status429TooManyRequests
            && context.Response.Headers.RetryAfter.Count == 0)
        {
            context.Response.Headers.RetryAfter = Status == StatusCodes.Status429TooManyRequests ? "10" : "2";
        }

        return JsonSerializer.SerializeAsync(
            context.Response.Body, this, ApiJson.Default.Problem, context.RequestAborted);
    }
}
