using System.Text;
using System.Threading.Channels;
using CardShop.Sandbox.Books;
using CardShop.Sandbox.Faults;
using CardShop.Sandbox.Providers;

namespace CardShop.Sandbox.Notices;

/// <summary>What came of one delivery.</summary>
/// <param name="Answer">The status and the start of the body, or why there is none.</param>
public sealed record NoticeDelivery(bool Acknowledged, string Answer);

/// <summary>
/// Delivers notifications until they are acknowledged or the provider's schedule is over. What is due waits in a
/// bounded queue for a bounded number of workers; what does not fit there waits, ordered by time, in the schedule.
/// </summary>
public sealed class NoticeSender : BackgroundService
{
    private const int QueueLength = 256;
    private const int AnswerLimit = 64;

    private readonly SandboxBooks _books;
    private readonly FaultPlan _faults;
    private readonly SandboxOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger<NoticeSender> _log;
    private readonly HttpClient _http;
    private readonly Dictionary<string, INoticeFormat> _formats;
    private readonly Lock _lock = new();
    private readonly PriorityQueue<Pending, DateTimeOffset> _schedule = new();
    private readonly HeldNotices _held = new();
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private readonly Channel<Pending> _due = Channel.CreateBounded<Pending>(QueueLength);

    public NoticeSender(
        SandboxBooks books, IEnumerable<IProvider> providers, FaultPlan faults, SandboxOptions options,
        TimeProvider clock, ILogger<NoticeSender> log)
    {
        _books = books;
        _faults = faults;
        _options = options;
        _clock = clock;
        _log = log;
        _formats = providers.ToDictionary(one => one.Name, one => one.Notices, StringComparer.Ordinal);
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false, // a redirect is no acknowledgement
            UseCookies = false,
            UseProxy = false,
            ConnectTimeout = options.NotifyTimeout,
            MaxConnectionsPerServer = 64,
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        foreach (var (trade, notice) in books.Unacknowledged())
        {
            Schedule(new Pending(trade.Number, notice.Id, 0), TimeSpan.Zero);
        }

        books.Announce = (trade, notice) => Schedule(new Pending(trade.Number, notice.Id, 0), TimeSpan.Zero);
    }

    /// <summary>How many notifications wait in the schedule.</summary>
    public int Waiting
    {
        get
        {
            lock (_lock)
            {
                return _schedule.Count;
            }
        }
    }

    /// <summary>Delivers a notification so many times at once, outside the schedule.</summary>
    /// <returns>Nothing where the provider does not notify this.</returns>
    public async Task<IReadOnlyList<NoticeDelivery>> RepeatAsync(
        SandboxTrade trade, SandboxNotice notice, int times, CancellationToken cancellation)
    {
        var format = _formats[trade.Order.Provider];
        return format.Write(trade, notice, forged: false) is { } message
            ? await PostManyAsync(format, trade, notice, message, times, cancellation)
            : [];
    }

    public override void Dispose()
    {
        _http.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var workers = Enumerable.Range(0, _options.NotifyWorkers).Select(_ => WorkAsync(stoppingToken));
        try
        {
            // None of them ends before the stop; should one fail, the process must not go on without it.
            await await Task.WhenAny([PumpAsync(stoppingToken), .. workers]);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // A stop. What was not acknowledged is sent again after the next start.
        }
    }

    private void Schedule(Pending pending, TimeSpan wait)
    {
        lock (_lock)
        {
            _schedule.Enqueue(pending, _clock.GetUtcNow() + wait);
        }

        _wake.Writer.TryWrite(true);
    }

    /// <summary>Moves what is due from the schedule to the workers, as fast as they take it.</summary>
    private async Task PumpAsync(CancellationToken stopping)
    {
        var woken = _wake.Reader.WaitToReadAsync(stopping).AsTask();
        while (!stopping.IsCancellationRequested)
        {
            var wait = TakeDue(out var pending);
            if (pending is not null)
            {
                await _due.Writer.WriteAsync(pending, stopping);
                continue;
            }

            try
            {
                await woken.WaitAsync(wait, _clock, stopping);
                _wake.Reader.TryRead(out _);
                woken = _wake.Reader.WaitToReadAsync(stopping).AsTask();
            }
            catch (TimeoutException)
            {
                // the next one is due
            }
        }
    }

    private TimeSpan TakeDue(out Pending? pending)
    {
        lock (_lock)
        {
            pending = null;
            if (!_schedule.TryPeek(out _, out var due))
            {
                return TimeSpan.FromHours(1); // until woken
            }

            var wait = due - _clock.GetUtcNow();
            if (wait <= TimeSpan.Zero)
            {
                pending = _schedule.Dequeue();
            }

            return wait < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1) : wait;
        }
    }

    private async Task WorkAsync(CancellationToken stopping)
    {
        await foreach (var pending in _due.Reader.ReadAllAsync(stopping))
        {
            if (pending.Held && !_held.Release(pending.Number, pending.NoticeId))
            {
                continue; // sent meanwhile, behind a newer one
            }

            var trade = _books.Find(pending.Number);
            var notice = trade?.Notices.FirstOrDefault(one => one.Id == pending.NoticeId);
            if (trade is null || notice is null || notice.Acknowledged)
            {
                continue;
            }

            var format = _formats[trade.Order.Provider];
            var fault = pending.Held ? null : _faults.Take(trade.Order.Provider, SandboxCall.Notify, number: trade.Number);
            if (fault?.Kind == FaultKind.ReorderNotify && _held.Hold(pending.Number, pending.NoticeId))
            {
                Schedule(pending with { Held = true }, TimeSpan.FromMilliseconds(fault.Milliseconds));
                continue;
            }

            var delivery = await DeliverAsync(format, trade, notice, fault, stopping);
            foreach (var earlier in _held.ReleaseAll(trade.Number))
            {
                Schedule(new Pending(trade.Number, earlier, 0), TimeSpan.Zero);
            }

            if (delivery is { Acknowledged: false })
            {
                Again(format, pending with { Held = false }, delivery);
            }
        }
    }

    private void Again(INoticeFormat format, Pending pending, NoticeDelivery delivery)
    {
        if (pending.Attempt < format.Waits.Count)
        {
            var wait = format.Waits[pending.Attempt] * _options.ScheduleScale;
            Schedule(pending with { Attempt = pending.Attempt + 1 }, wait);
        }
        else
        {
            Log.NoticeGivenUp(_log, pending.Number, format.Waits.Count + 1, delivery.Answer);
        }
    }

    /// <summary>An acknowledgement that the journal cannot take is forgotten by a restart, and asked for again.</summary>
    private void Count(SandboxTrade trade, SandboxNotice notice, NoticeDelivery delivery)
    {
        try
        {
            _books.CountDelivery(trade.Number, notice.Id, delivery.Acknowledged);
        }
        catch (IOException failure)
        {
            Log.JournalFailed(_log, failure);
        }
    }

    /// <summary>Null where the provider does not notify this.</summary>
    private async Task<NoticeDelivery?> DeliverAsync(
        INoticeFormat format, SandboxTrade trade, SandboxNotice notice, Fault? fault, CancellationToken stopping)
    {
        if (fault?.Kind is FaultKind.DropBefore or FaultKind.Status or FaultKind.TimeoutBefore)
        {
            var unsent = new NoticeDelivery(false, "not sent: " + fault.Kind);
            Count(trade, notice, unsent);
            return unsent;
        }

        if (fault?.Kind is FaultKind.Delay)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(fault.Milliseconds), _clock, stopping);
        }

        var told = ToldTrade.Of(trade, fault?.Kind, _books, fault?.Other);
        if (format.Write(told, notice, fault?.Kind == FaultKind.ForgedSignature) is not { } message)
        {
            return null;
        }

        if (fault?.Kind is FaultKind.DropAfter or FaultKind.TimeoutAfter)
        {
            var lost = await PostAsync(format, message, stopping);
            var delivery = new NoticeDelivery(false, "answer lost: " + lost.Answer);
            Count(trade, notice, delivery);
            return delivery;
        }

        var copies = fault?.Kind == FaultKind.DuplicateNotify ? fault.Copies : 1;
        var deliveries = await PostManyAsync(format, trade, notice, message, copies, stopping);
        return deliveries.FirstOrDefault(one => one.Acknowledged) ?? deliveries[0];
    }

    private async Task<IReadOnlyList<NoticeDelivery>> PostManyAsync(
        INoticeFormat format, SandboxTrade trade, SandboxNotice notice, NoticeMessage message, int times,
        CancellationToken cancellation) => await Task.WhenAll(Enumerable.Range(0, times).Select(async _ =>
        {
            var delivery = await PostAsync(format, message, cancellation);
            Count(trade, notice, delivery);
            return delivery;
        }));

    private async Task<NoticeDelivery> PostAsync(
        INoticeFormat format, NoticeMessage message, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(_options.NotifyTimeout, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            using var content = new ByteArrayContent(message.Body);
            content.Headers.TryAddWithoutValidation("Content-Type", message.ContentType);
            using var request = new HttpRequestMessage(message.Method, message.Address) { Content = content };
            foreach (var (name, value) in message.Headers)
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }

            using var response = await _http.SendAsync(
                request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            var start = await ReadStartAsync(response.Content, either.Token);
            var answer = $"{(int)response.StatusCode} {Encoding.UTF8.GetString(start)}";
            return new NoticeDelivery(format.IsAcknowledged(response.StatusCode, start), answer);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new NoticeDelivery(false, "timeout");
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            return new NoticeDelivery(false, failure.GetType().Name);
        }
    }

    /// <summary>Enough of the answer to tell an acknowledgement from anything longer.</summary>
    private static async Task<byte[]> ReadStartAsync(HttpContent content, CancellationToken cancellation)
    {
        var stream = await content.ReadAsStreamAsync(cancellation);
        var start = new byte[AnswerLimit];
        var length = await stream.ReadAtLeastAsync(start, AnswerLimit, throwOnEndOfStream: false, cancellation);
        return start[..length];
    }

    private sealed record Pending(string Number, string NoticeId, int Attempt, bool Held = false);
}
