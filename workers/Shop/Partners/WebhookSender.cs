using System.Security.Cryptography;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline;
using CardShop.Shop.Telemetry;
using Microsoft.Extensions.Logging;

namespace CardShop.Shop.Partners;

/// <summary>
/// Sends what is due. Each webhook has a lane of its own, with a bounded number of calls at once, so that a slow or
/// failing endpoint holds up no other; an endpoint that takes nothing is left alone for growing spans.
/// </summary>
public sealed class WebhookSender(
    WebhookStore store, WebhookSecrets secrets, WebhookCaller caller, WebhookOptions options, RollbackFence fence,
    TimeProvider time, Random random, ILogger<WebhookSender> logger)
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(250);

    private readonly Dictionary<string, Task> _lanes = [];

    public async Task RunAsync(CancellationToken cancellation)
    {
        var backoff = new Backoff(time, random, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));
        try
        {
            while (!cancellation.IsCancellationRequested)
            {
                try
                {
                    await ScanAsync(cancellation);
                    backoff.Reset();
                    await Task.Delay(Every, time, cancellation);
                }
                catch (Exception e) when (Failures.IsPlace(e) && !cancellation.IsCancellationRequested)
                {
                    ShopLog.ScanFailed(logger, "webhooks", e.Message);
                    await backoff.WaitAsync(cancellation);
                }
            }
        }
        finally
        {
            // What was called is written down before the database is closed.
            await Task.WhenAll(_lanes.Values.Select(l => l.ContinueWith(
                _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default)));
        }
    }

    private async Task ScanAsync(CancellationToken cancellation)
    {
        foreach (var (webhook, lane) in _lanes.Where(l => l.Value.IsCompleted).ToList())
        {
            _lanes.Remove(webhook);
            await lane;
        }

        // A database that may be older than the log is not worked on: it would send again what was sent.
        if (!await fence.ProbeAsync(cancellation))
        {
            return;
        }

        await store.CleanAsync(cancellation);
        foreach (var webhook in await store.DueAsync(time.GetUtcNow(), cancellation))
        {
            if (_lanes.Count < options.Lanes && !_lanes.ContainsKey(webhook))
            {
                _lanes[webhook] = LaneAsync(webhook, cancellation);
            }
        }
    }

    /// <summary>Works for one webhook until nothing of it is due.</summary>
    private async Task LaneAsync(string webhook, CancellationToken cancellation)
    {
        var backoff = new Backoff(time, random, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60));
        while (fence.Reason is null && !cancellation.IsCancellationRequested)
        {
            if (await store.ClaimAsync(webhook, time.GetUtcNow(), cancellation) is not { Deliveries.Count: > 0 } target)
            {
                return;
            }

            var outcomes = await Task.WhenAll(target.Deliveries.Select(d => SendAsync(webhook, target, d, cancellation)));
            // Written down even when the fleet is being stopped: what was delivered should not be delivered again.
            await store.SettleAsync(webhook, outcomes, target.ClaimedAt, time.GetUtcNow(), CancellationToken.None);
            Report(webhook, outcomes);
            if (outcomes.Any(o => o.Answer.IsSuccess))
            {
                backoff.Reset();
            }
            else
            {
                await backoff.WaitAsync(cancellation);
            }
        }
    }

    private async Task<WebhookOutcome> SendAsync(
        string webhook, WebhookTarget target, WebhookDelivery delivery, CancellationToken cancellation)
    {
        WebhookAnswer answer;
        try
        {
            var keys = target.Secrets.Select(s => secrets.Open(webhook, s)).ToList();
            answer = WebhookAddress.Refusal(target.Url.OriginalString, options) is { } refusal
                ? new(null, "not called: " + refusal)
                : await caller.PostAsync(target.Url, delivery.EventId, delivery.Body, keys, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The others of the round are still written down; this one comes again.
            answer = new(null, "the fleet was stopped");
        }
        catch (CryptographicException)
        {
            answer = new(null, "its secret cannot be opened with this process's keys");
        }

        double jitter;
        lock (random)
        {
            jitter = random.NextDouble();
        }

        return new(delivery, answer, WebhookRetry.Decide(
            answer, delivery.Tries, delivery.FirstTry, target.FailingSince, time.GetUtcNow(), jitter, options));
    }

    private void Report(string webhook, IReadOnlyList<WebhookOutcome> outcomes)
    {
        foreach (var outcome in outcomes)
        {
            ShopMeter.WebhookCall(outcome.Answer.IsSuccess);
        }

        foreach (var outcome in outcomes.Where(o => o.Step is WebhookStep.GiveUp))
        {
            ShopLog.WebhookGivenUp(logger, webhook, outcome.Delivery.EventId, outcome.Delivery.Tries, outcome.Answer.Text);
        }

        if (outcomes.Select(o => o.Step).OfType<WebhookStep.Disable>().FirstOrDefault() is { } disable)
        {
            ShopLog.WebhookDisabled(logger, webhook, disable.Reason);
        }
        else if (outcomes.Count(o => o.Step is WebhookStep.Retry) is > 0 and var failed)
        {
            ShopLog.WebhookFailed(
                logger, webhook, failed, outcomes.Count, outcomes.Last(o => !o.Answer.IsSuccess).Answer.Text);
        }
    }
}
