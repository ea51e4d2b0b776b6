using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace CardShop.Api.Admin;

/// <summary>What a call is answered: made where it is decided, written when nothing is held any more.</summary>
public sealed class AdminAnswer
{
    private readonly Func<HttpContext, Task> _write;

    private AdminAnswer(Func<HttpContext, Task> write) => _write = write;

    public static AdminAnswer Of(Problem problem) => new(problem.WriteAsync);

    public static AdminAnswer Json<T>(T value, JsonTypeInfo<T> json, int status = StatusCodes.Status200OK) => new(context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return JsonSerializer.SerializeAsync(context.Response.Body, value, json, context.RequestAborted);
    });

    public static AdminAnswer Status(int status) => new(context =>
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    });

    /// <summary>An answer that takes its time: nothing of the call is held meanwhile.</summary>
    public static AdminAnswer Stream(Func<HttpContext, Task> write) => new(write);

    public Task WriteAsync(HttpContext context) => _write(context);
}
