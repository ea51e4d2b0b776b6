using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Log;
using CardShop.Shop.Orders;
using CardShop.Shop.Partners;

namespace CardShop.Api.Partners;

/// <summary>An event in the JSON format of CloudEvents 1.0.</summary>
/// <param name="Id">Stable: a repeat of the event has the same.</param>
/// <param name="Subject">The order.</param>
/// <param name="Sequence">Orders the events of one order; compared as text.</param>
public sealed record CloudEventView(
    string Specversion, string Id, string Source, string Type, string Subject, DateTimeOffset Time, string Datacontenttype,
    string Sequence, JsonElement Data);

/// <param name="Next">The cursor to go on with, also where there were no events.</param>
/// <param name="More">More was there already: ask again at once.</param>
public sealed record EventPage(IReadOnlyList<CloudEventView> Events, string Next, bool More);

/// <summary>
/// <c>GET /v1/events</c>: a resumable long poll over the events of all orders that the partner may see. At least once:
/// whoever asks again with the same cursor gets the same events.
/// </summary>
public sealed class EventsEndpoint(
    EventFeed feed, PartnerAccess access, ShopSecrets secrets, ApiSettings settings, GracefulStop stop, TimeProvider time)
{
    private const int DefaultLimit = 100;
    private const int MaxLimit = 1_000;
    private const int MaxWaitSeconds = 30;
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(25);

    private readonly ConcurrentDictionary<string, int> _polls = new();

    public async Task HandleAsync(HttpContext context, string? after, string? limit, string? wait)
    {
        var (partner, refusal) = access.Require(context, PartnerScopes.EventsRead);
        if (partner is null)
        {
            await refusal!.WriteAsync(context);
            return;
        }

        if (Query.Parse(after, limit, wait, secrets.OrderId, out var query) is { } wrong)
        {
            await wrong.WriteAsync(context);
            return;
        }

        var polls = _polls.AddOrUpdate(partner.Id, 1, (_, n) => n + 1);
        try
        {
            await (polls <= settings.Partners.PollsPerPartner
                ? AnswerAsync(context, partner, query!)
                : Problem.Of(
                    StatusCodes.Status429TooManyRequests, "Too many requests for events at once",
                    $"Have at most {settings.Partners.PollsPerPartner} waiting.").WriteAsync(context));
        }
        finally
        {
            _polls.AddOrUpdate(partner.Id, 0, (_, n) => n - 1);
        }
    }

    private async Task AnswerAsync(HttpContext context, Partner partner, Query query)
    {
        try
        {
            var page = await PollAsync(partner, query, context.RequestAborted);
            var body = Write(page, FeedCursor.Write(page.Positions, secrets.OrderId));
            context.Response.ContentType = "application/json";
            context.Response.ContentLength = body.Length;
            context.Response.Headers.CacheControl = "no-store";
            await context.Response.Body.WriteAsync(body, context.RequestAborted);
        }
        catch (TrimmedException)
        {
            await Problem.Of(
                StatusCodes.Status410Gone, "Events after this cursor are no longer kept",
                "Start again without 'after': that gives the oldest events that are kept. What lies between is in your own orders.")
                .WriteAsync(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The partner hung up.
        }
        catch (Exception e) when (Failures.IsPlace(e))
        {
            await Unavailable.WriteAsync(context);
        }
    }

    private static Problem Unavailable { get; } = Problem.Of(
        StatusCodes.Status503ServiceUnavailable, "Events cannot be read at this moment", "Ask again with the same cursor.");

    private async Task<FeedPage> PollAsync(Partner partner, Query query, CancellationToken cancellation)
    {
        var skus = partner.Skus?.ToHashSet();
        Func<PartnerEvent, bool> wanted = skus is null ? EventFeed.Everything : e => skus.Contains(e.Sku);
        var started = time.GetTimestamp();
        var positions = query.Positions
            ?? (query.FromLatest ? feed.Latest(WindowOrThrow()) : await feed.OldestAsync(cancellation));
        while (true)
        {
            var window = WindowOrThrow();
            // Asked for before reading: what is added meanwhile wakes us.
            var changed = window.Changed;
            var page = await feed.ReadAsync(window, positions, query.Limit, wanted, cancellation);
            var left = query.Wait - time.GetElapsedTime(started);
            if (page.Events.Count > 0 || left <= TimeSpan.Zero || stop.StreamsEnd.IsCancellationRequested)
            {
                return page;
            }

            positions = page.Positions;
            if (page.AtEnd)
            {
                using var limit = new CancellationTokenSource(left, time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation, stop.StreamsEnd);
                await Task.WhenAny(changed, Task.Delay(Timeout.Infinite, either.Token));
                cancellation.ThrowIfCancellationRequested();
                // What was added together comes together, and a busy shop wakes nobody for each event of another's.
                await Task.WhenAny(Task.Delay(Gathering, time, either.Token));
                await either.CancelAsync();
            }
        }
    }

    private EventWindow WindowOrThrow() => feed.Window ?? throw new PlaceException("The topic has not been read yet");

    private static ReadOnlyMemory<byte> Write(FeedPage page, string next)
    {
        var buffer = new ArrayBufferWriter<byte>(512 + page.Events.Sum(e => e.Json.Length + 1));
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartArray("events");
            foreach (var e in page.Events)
            {
                json.WriteRawValue(e.Json, skipInputValidation: true);
            }

            json.WriteEndArray();
            json.WriteString("next", next);
            json.WriteBoolean("more", !page.AtEnd);
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    /// <param name="Positions">Null = from the oldest, or from the end.</param>
    private sealed record Query(long[]? Positions, bool FromLatest, int Limit, TimeSpan Wait)
    {
        /// <returns>What is wrong with it; null when nothing is.</returns>
        public static Problem? Parse(string? after, string? limit, string? wait, byte[] secret, out Query? query)
        {
            var errors = new Dictionary<string, string[]>();
            var most = Number(limit, "limit", 1, MaxLimit, DefaultLimit, errors);
            var seconds = Number(wait, "wait", 0, MaxWaitSeconds, 0, errors);
            var isCursor = after is not (null or "" or "latest");
            var positions = isCursor ? FeedCursor.Read(after!, Topics.Deliveries.Partitions, secret) : null;
            if (isCursor && positions is null)
            {
                errors["after"] = ["Send the 'next' of an earlier answer unchanged, 'latest', or nothing."];
            }

            query = new(positions, after == "latest", most, TimeSpan.FromSeconds(seconds));
            return errors.Count > 0 ? Problem.Fields(errors) : null;
        }

        private static int Number(
            string? text, string name, int least, int most, int otherwise, Dictionary<string, string[]> errors)
        {
            if (string.IsNullOrEmpty(text))
            {
                return otherwise;
            }

            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most)
            {
                return value;
            }

            errors[name] = [string.Create(CultureInfo.InvariantCulture, $"A whole number from {least} to {most}.")];
            return otherwise;
        }
    }
}
