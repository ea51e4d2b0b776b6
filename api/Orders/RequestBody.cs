using Microsoft.Extensions.Primitives;

namespace CardShop.Api.Orders;

/// <summary>Request bodies, whole and bounded.</summary>
internal static class RequestBody
{
    /// <returns>The bytes of a JSON body, or why they are refused: 415 or 413.</returns>
    public static async ValueTask<(ReadOnlyMemory<byte> Body, Problem? Refusal)> ReadJsonAsync(HttpContext context, int limit)
    {
        if (!IsJson(context.Request.ContentType))
        {
            return (default, Problem.Of(
                StatusCodes.Status415UnsupportedMediaType, "The body must be JSON", "Send Content-Type: application/json."));
        }

        return await ReadAsync(context, limit) is { } body
            ? (body, null)
            : (default, Problem.Of(
                StatusCodes.Status413PayloadTooLarge, "The body is too large", $"At most {limit} bytes are taken."));
    }

    /// <returns>Null when there is more than the limit.</returns>
    public static async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(HttpContext context, int limit)
    {
        if (context.Request.ContentLength > limit)
        {
            return null;
        }

        var buffer = new byte[(int)(context.Request.ContentLength ?? 1024)];
        var length = 0;
        while (true)
        {
            if (length == buffer.Length)
            {
                if (length > limit)
                {
                    return null;
                }

                if (length == context.Request.ContentLength)
                {
                    return buffer;
                }

                Array.Resize(ref buffer, Math.Max(1024, Math.Min(length * 2, limit + 1)));
            }

            var read = await context.Request.Body.ReadAsync(buffer.AsMemory(length), context.RequestAborted);
            if (read == 0)
            {
                return buffer.AsMemory(0, length);
            }

            length += read;
        }
    }

    private static bool IsJson(string? contentType) =>
        contentType is "application/json"
        || (contentType is not null && new StringSegment(contentType).Split([';']).First().Trim()
            .Equals("application/json", StringComparison.OrdinalIgnoreCase));
}
