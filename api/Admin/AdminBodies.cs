using System.Text.Json.Serialization.Metadata;
using CardShop.Api.Orders;

namespace CardShop.Api.Admin;

/// <summary>A changing call as it came in.</summary>
/// <param name="Key">Its Idempotency-Key.</param>
public sealed record AdminCall<T>(T Request, string Key)
    where T : class, IAdminRequest
{
    public string Why => Request.Why!.Trim();
}

/// <summary>Reads bodies of operators who are known already.</summary>
public static class AdminBodies
{
    /// <returns>The call, or why it is refused: 400, 413 or 415.</returns>
    public static async Task<(AdminCall<T>? Call, Problem? Wrong)> ReadAsync<T>(
        HttpContext context, JsonTypeInfo<T> json, string example)
        where T : class, IAdminRequest
    {
        var (key, noKey) = AdminInput.IdempotencyKey([.. context.Request.Headers["Idempotency-Key"]]);
        if (key is null)
        {
            return (null, noKey);
        }

        var (body, refusal) = await RequestBody.ReadJsonAsync(context, AdminInput.MaxBody);
        if (refusal is not null)
        {
            return (null, refusal);
        }

        var (request, wrong) = AdminInput.Read(body.Span, json, example);
        return request is null ? (null, wrong) : (new(request, key), null);
    }
}
