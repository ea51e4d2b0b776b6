using System.Text.Json;
using System.Threading.RateLimiting;
using CardShop.Api.Orders;
using CardShop.Contracts;

namespace CardShop.Api.Partners;

/// <summary>Which events are wanted again.</summary>
/// <param name="After">Events of this time and later.</param>
/// <param name="Until">Events before this time.</param>
public sealed record WebhookReplayRequest(DateTimeOffset? After, DateTimeOffset? Until);

/// <summary>The request is written down; the events come as the endpoint takes them.</summary>
public sealed record WebhookReplayAccepted(string Status);

/// <summary>
/// <c>POST /v1/webhooks/replay</c>: has the events of a span of time sent again to the partner's webhooks. Written to
/// Kafka; the notifications fleet does it.
/// </summary>
public sealed class WebhookReplayEndpoint(PartnerAccess access, InputLog log, ApiSettings settings, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan LongestSpan = TimeSpan.FromDays(31);

    private readonly PartitionedRateLimiter<string> _limiter = PartitionedRateLimiter.Create<string, string>(partner =>
        RateLimitPartition.GetFixedWindowLimiter(partner, _ => new()
        {
            PermitLimit = settings.Partners.ReplaysPerHour,
            Window = TimeSpan.FromHours(1),
            QueueLimit = 0,
        }));

    public async Task HandleAsync(HttpContext context)
    {
        var (partner, refusal) = access.Require(context, PartnerScopes.WebhooksReplay);
        var (body, unreadable) = partner is null
            ? (default, refusal)
            : await RequestBody.ReadJsonAsync(context, OrderRequestReader.MaxBody);
        if (unreadable is not null)
        {
            await unreadable.WriteAsync(context);
            return;
        }

        var (request, wrong) = Check(body.Span);
        if (request is null)
        {
            await wrong!.WriteAsync(context);
            return;
        }

        using var lease = _limiter.AttemptAcquire(partner!.Id);
        if (!lease.IsAcquired)
        {
            await Problem.Of(
                StatusCodes.Status429TooManyRequests, "Too many replays",
                $"{settings.Partners.ReplaysPerHour} may be asked for in an hour.").WriteAsync(context);
            return;
        }

        var message = new WebhookReplayRequested(partner.Id, request.After!.Value, request.Until!.Value, time.GetUtcNow());
        if (await log.AppendAsync(
            Topics.PartnerRequests, partner.Id, MessageTypes.WebhookReplayRequested, message,
            ContractsJson.Default.WebhookReplayRequested) is null)
        {
            await Problem.Of(
                StatusCodes.Status503ServiceUnavailable, "The request could not be written down", "Send it again in a moment.")
                .WriteAsync(context);
            return;
        }

        context.Response.StatusCode = StatusCodes.Status202Accepted;
        context.Response.ContentType = "application/json";
        await JsonSerializer.SerializeAsync(
            context.Response.Body, new("accepted"), ApiJson.Default.WebhookReplayAccepted, context.RequestAborted);
    }

    public void Dispose() => _limiter.Dispose();

    private static (WebhookReplayRequest? Request, Problem? Wrong) Check(ReadOnlySpan<byte> body)
    {
        WebhookReplayRequest? request;
        try
        {
            request = JsonSerializer.Deserialize(body, RequestJson.Default.WebhookReplayRequest);
        }
        catch (JsonException)
        {
            request = null;
        }

        return request switch
        {
            null => (null, Problem.Of(
                StatusCodes.Status400BadRequest, "The body cannot be read",
                """Send {"after":"2030-01-01T00:00:00Z","until":"2030-01-02T00:00:00Z"} and nothing else.""")),
            { After: null } => (null, Problem.Field("after", "Say from when, as 2030-01-01T00:00:00Z.")),
            { Until: null } => (null, Problem.Field("until", "Say up to when, as 2030-01-02T00:00:00Z.")),
            _ when request.Until <= request.After => (null, Problem.Field("until", "It must be later than after.")),
            _ when request.Until - request.After > LongestSpan => (null, Problem.Field("until", "At most 31 days after after.")),
            _ => (request, null),
        };
    }
}
