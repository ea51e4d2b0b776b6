using System.Globalization;
using CardShop.Pipeline;

namespace CardShop.Shop.Partners;

/// <summary>What came of one call.</summary>
/// <param name="Status">The HTTP status; null where there was none.</param>
/// <param name="Failure">Why there was none; never anything of the partner's answer.</param>
/// <param name="RetryAfter">What the endpoint asked for.</param>
public sealed record WebhookAnswer(int? Status, string? Failure = null, TimeSpan? RetryAfter = null)
{
    public bool IsSuccess => Status is >= 200 and < 300;

    /// <summary>In a word, for operators.</summary>
    public string Text => Failure ?? string.Create(CultureInfo.InvariantCulture, $"HTTP {Status}");
}

/// <summary>What is done with an event after a call.</summary>
public abstract record WebhookStep
{
    private WebhookStep()
    {
    }

    public sealed record Delivered : WebhookStep;

    public sealed record Retry(DateTimeOffset At) : WebhookStep;

    /// <summary>The endpoint takes others, but not this one: the events behind it go on.</summary>
    public sealed record GiveUp : WebhookStep;

    /// <summary>The endpoint takes nothing any more: the webhook ends until an operator enables it.</summary>
    public sealed record Disable(string Reason) : WebhookStep;
}

/// <summary>Retry as data: a pure function from what happened to what to do.</summary>
public static class WebhookRetry
{
    private const int Gone = 410;

    /// <param name="tries">Calls of this event, the last included.</param>
    /// <param name="firstTry">When it was first called.</param>
    /// <param name="failingSince">Since when no call of the webhook has succeeded; null while calls succeed.</param>
    /// <param name="jitter">0 to 1: a gap is 0.8 to 1.2 of its length, so that what failed together does not come back together.</param>
    public static WebhookStep Decide(
        WebhookAnswer answer, int tries, DateTimeOffset firstTry, DateTimeOffset? failingSince, DateTimeOffset now,
        double jitter, WebhookOptions options)
    {
        if (answer.IsSuccess)
        {
            return new WebhookStep.Delivered();
        }

        if (answer.Status == Gone)
        {
            return new WebhookStep.Disable("the endpoint answered 410: it wants no more events");
        }

        var at = now + Gap(answer, tries, jitter, options);
        return at <= firstTry + options.Window ? new WebhookStep.Retry(at)
            : failingSince <= firstTry ? new WebhookStep.Disable(string.Create(
                CultureInfo.InvariantCulture,
                $"no call has succeeded since {failingSince.Value.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}; last: {answer.Text}"))
            : new WebhookStep.GiveUp();
    }

    private static TimeSpan Gap(WebhookAnswer answer, int tries, double jitter, WebhookOptions options)
    {
        var gap = RetryGap.Of(tries, options.FirstRetry, options.LongestGap, jitter);
        var asked = TimeSpan.FromSeconds(Math.Min(options.LongestGap.TotalSeconds, answer.RetryAfter?.TotalSeconds ?? 0));
        return gap > asked ? gap : asked;
    }
}
