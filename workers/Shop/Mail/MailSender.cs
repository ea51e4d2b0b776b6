using System.Security.Cryptography;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline;
using CardShop.Shop.Orders;
using CardShop.Shop.Telemetry;
using Microsoft.Extensions.Logging;

namespace CardShop.Shop.Mail;

/// <summary>
/// Sends what is due, a bounded number at once. Contact and keys are read at that moment, under the reveal rule, and
/// stand nowhere else. While the server takes nothing, all of it is left alone for growing spans.
/// </summary>
public sealed class MailSender(
    MailStore store, OrderReader orders, ShopSecrets secrets, SmtpCaller smtp, MailOptions options, RollbackFence fence,
    TimeProvider time, Random random, ILogger<MailSender> logger)
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(250);

    public async Task RunAsync(CancellationToken cancellation)
    {
        var place = new Backoff(time, random, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));
        var server = new Backoff(time, random, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60));
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                var outcomes = await RoundAsync(cancellation);
                place.Reset();
                if (outcomes.Any(o => o.Answer.Result is MailResult.Sent or MailResult.Refused))
                {
                    // It talks to us; there may be more.
                    server.Reset();
                }
                else if (outcomes.Any(o => o.Answer.Result is MailResult.Failed))
                {
                    await server.WaitAsync(cancellation);
                }
                else
                {
                    await Task.Delay(Every, time, cancellation);
                }
            }
            catch (Exception e) when (Failures.IsPlace(e) && !cancellation.IsCancellationRequested)
            {
                ShopLog.ScanFailed(logger, "mails", e.Message);
                await place.WaitAsync(cancellation);
            }
        }
    }

    private async Task<IReadOnlyList<MailOutcome>> RoundAsync(CancellationToken cancellation)
    {
        // A database that may be older than the log is not worked on: it would send again what was sent.
        if (!await fence.ProbeAsync(cancellation))
        {
            return [];
        }

        await store.CleanAsync(time.GetUtcNow(), cancellation);
        var mails = await store.ClaimAsync(time.GetUtcNow(), cancellation);
        if (mails.Count == 0)
        {
            return [];
        }

        var outcomes = await Task.WhenAll(mails.Select(m => SendAsync(m, cancellation)));
        // Written down even when the fleet is being stopped: what was sent should not be sent again.
        await store.SettleAsync(outcomes, time.GetUtcNow(), CancellationToken.None);
        Report(outcomes);
        return outcomes;
    }

    private async Task<MailOutcome> SendAsync(DueMail mail, CancellationToken cancellation)
    {
        var answer = await AnswerAsync(mail, cancellation);
        double jitter;
        lock (random)
        {
            jitter = random.NextDouble();
        }

        return new(mail, answer, MailRetry.Decide(answer, mail.Tries, mail.FirstTry, time.GetUtcNow(), jitter, options));
    }

    private async Task<MailAnswer> AnswerAsync(DueMail mail, CancellationToken cancellation)
    {
        try
        {
            if (!(await orders.ReadAsync([mail.OrderId], cancellation)).Orders.TryGetValue(mail.OrderId, out var stored)
                || stored.Payment.Order is not { } order)
            {
                return new(MailResult.NotYet, "the order's documents are not there, or cannot be read");
            }

            var keys = stored.Keys ?? [];
            if (mail.Kind is not MailKind.Refunded && (keys.Count == 0 || keys.Count < stored.Delivery!.Keys.Count))
            {
                return new(MailResult.NotYet, "its keys may not be shown yet");
            }

            if (Contacts.Decrypt(secrets, order.OrderId, order.Contact) is not { } contact)
            {
                return new(MailResult.Failed, "the key of the contact's month is not among the secrets");
            }

            return BuyerAddress.Of(contact) is { } address
                ? await smtp.SendAsync(MailText.Of(mail.Kind, order, keys, options.ShopUrl), address, mail.EventId, cancellation)
                : new(MailResult.NoAddress);
        }
        catch (CryptographicException)
        {
            return new(MailResult.Failed, "its contact or keys cannot be opened with this process's secrets");
        }
        catch (Exception e) when (Failures.IsPlace(e))
        {
            // The database's failure or the fleet's end; the others of the round are still written down.
            return new(MailResult.NotYet, "it could not be read, or the fleet was stopped");
        }
    }

    private void Report(IReadOnlyList<MailOutcome> outcomes)
    {
        foreach (var outcome in outcomes)
        {
            ShopMeter.Mail(outcome.Step.State switch
            {
                MailState.Waiting => "again",
                MailState.Sent => "sent",
                MailState.NoAddress => "no-address",
                MailState.Failed => "given-up",
                _ => throw new ArgumentOutOfRangeException(nameof(outcomes), outcome.Step.State, "Unknown state."),
            });
        }

        foreach (var outcome in outcomes.Where(o => o.Step.State is MailState.Failed))
        {
            ShopLog.MailGivenUp(logger, outcome.Mail.EventId, outcome.Mail.Tries, outcome.Answer.Error);
        }

        var again = outcomes.Where(o => o.Step is { State: MailState.Waiting, Counts: true }).ToList();
        if (again.Count > 0)
        {
            ShopLog.MailFailed(logger, again.Count, outcomes.Count, again[^1].Answer.Error);
        }
    }
}
