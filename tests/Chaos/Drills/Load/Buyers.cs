using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace CardShop.Tests.Chaos.Drills.Load;

/// <param name="Door">Where the shop is reached.</param>
/// <param name="PerSecond">Orders that buyers want; however slow the shop is, no fewer.</param>
/// <param name="From">The addresses that they come from; each keeps connections of its own.</param>
internal sealed record BuyersPlan(Uri Door, IReadOnlyList<string> Skus, int PerSecond, IReadOnlyList<IPAddress> From);

/// <summary>
/// Buyers as they are: each wants one order, repeats it under the same key until the shop has it, looks at it afterwards, and
/// one of ten follows it on an open page. Who pays is Sandbox.
/// </summary>
internal sealed class Buyers : IAsyncDisposable
{
    private const int MaxAtOnce = 4_000;
    private const int FollowEvery = 10;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LookAfter = TimeSpan.FromSeconds(2);

    private readonly BuyersPlan _plan;
    private readonly Random _random;
    private readonly HttpClient[] _http;
    private readonly ConcurrentQueue<Purchase> _purchases = new();
    private readonly ConcurrentQueue<FailedRequest> _failed = new();
    private readonly CancellationTokenSource _close = new();
    private readonly CancellationTokenSource _leave = new();
    private readonly SemaphoreSlim _room = new(MaxAtOnce);
    private int _requests;
    private Task _all = Task.CompletedTask;

    public Buyers(BuyersPlan plan, Random random)
    {
        _plan = plan;
        _random = random;
        _http = [.. plan.From.Select(Client)];
    }

    /// <summary>Every order that was wanted.</summary>
    public IReadOnlyCollection<Purchase> Purchases => _purchases;

    /// <summary>Those that the shop has.</summary>
    public IReadOnlyList<Purchase> Accepted => [.. _purchases.Where(p => p.AcceptedAt is not null)];

    public IReadOnlyCollection<FailedRequest> Failed => _failed;

    public int Requests => _requests;

    /// <summary>The longest time between two moments in which no order was accepted.</summary>
    public TimeSpan Silence(DateTimeOffset from, DateTimeOffset to) => Gap.Longest(Accepted.Select(p => p.AcceptedAt!.Value), from, to);

    /// <summary>The longest time in which nothing was delivered; known after the verdict.</summary>
    public TimeSpan DeliverySilence(DateTimeOffset from, DateTimeOffset to) =>
        Gap.Longest(_purchases.Select(p => p.DeliveredAt).OfType<DateTimeOffset>(), from, to);

    /// <summary>What failed between two moments, counted by second and cause, the most frequent first.</summary>
    public IEnumerable<string> Troubles(DateTimeOffset from) => _failed.Where(f => f.At >= from)
        .GroupBy(f => $"{f.At:HH:mm:ss} {f.What}: {f.Why}").OrderByDescending(g => g.Count()).Take(12).Select(g => $"{g.Count()} times {g.Key}");

    public void Begin() => _all = PlaceAsync();

    /// <summary>Nobody else comes; returns when everybody who is there has an answer.</summary>
    public async Task EndAsync()
    {
        await _close.CancelAsync();
        await _all;
    }

    /// <summary>The buyer shows what proves that the order is his.</summary>
    public static HttpRequestMessage With(Purchase purchase, HttpRequestMessage request)
    {
        request.Headers.Authorization = new("Bearer", purchase.Token);
        return request;
    }

    public async ValueTask DisposeAsync()
    {
        await _leave.CancelAsync();
        await EndAsync();
        foreach (var http in _http)
        {
            http.Dispose();
        }

        _close.Dispose();
        _leave.Dispose();
        _room.Dispose();
    }

    /// <summary>One request as one buyer makes it; its failure is counted.</summary>
    /// <returns>The body; null where it failed.</returns>
    private async Task<string?> AskAsync(
        HttpClient http, string what, Func<HttpRequestMessage> request, HttpStatusCode wanted, CancellationToken cancel)
    {
        Interlocked.Increment(ref _requests);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(AnswerLimit);
        try
        {
            using var message = request();
            using var answer = await http.SendAsync(message, limit.Token);
            var body = await answer.Content.ReadAsStringAsync(limit.Token);
            if (answer.StatusCode == wanted)
            {
                return body;
            }

            Fail(what, $"{(int)answer.StatusCode} {body[..Math.Min(body.Length, 400)]}");
        }
        catch (Exception e) when (IsLost(e) && !cancel.IsCancellationRequested)
        {
            Fail(what, e is OperationCanceledException ? $"no answer within {AnswerLimit.TotalSeconds:0} s" : e.Message);
        }

        return null;
    }

    private async Task PlaceAsync()
    {
        var started = DateTimeOffset.UtcNow;
        var there = new ConcurrentDictionary<int, Task>();
        using var timer = new PeriodicTimer(Tick);
        for (var number = 0; ;)
        {
            for (var due = started.AddSeconds((double)number / _plan.PerSecond);
                due <= DateTimeOffset.UtcNow; due = started.AddSeconds((double)number / _plan.PerSecond))
            {
                var purchase = new Purchase(_plan.Skus[number % _plan.Skus.Count], due);
                _purchases.Enqueue(purchase);
                var own = number++;
                there[own] = BuyAsync(purchase, own).ContinueWith(
                    (_, _) => there.TryRemove(own, out Task? _), null, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            }

            try
            {
                await timer.WaitForNextTickAsync(_close.Token);
            }
            catch (OperationCanceledException)
            {
                break;
            }
        }

        await Task.WhenAll(there.Values);
    }

    private async Task BuyAsync(Purchase purchase, int number)
    {
        var http = _http[number % _http.Length];
        if (!await _room.WaitAsync(0))
        {
            Fail("order", "more buyers wait than there is room for");
            return;
        }

        try
        {
            if (!await OrderAsync(http, purchase, number))
            {
                return;
            }

            await Task.Delay(LookAfter, _leave.Token);
            if (number % FollowEvery == 0)
            {
                await FollowAsync(http, purchase, _leave.Token);
            }
            else
            {
                await AskAsync(
                    http, "show", () => With(purchase, new(HttpMethod.Get, new Uri(_plan.Door, "/v1/orders/" + purchase.Id))),
                    HttpStatusCode.OK, _leave.Token);
            }
        }
        catch (OperationCanceledException) when (_leave.IsCancellationRequested)
        {
            // The drill is over.
        }
        finally
        {
            _room.Release();
        }
    }

    /// <returns>False where the shop did not take it within the buyer's patience.</returns>
    private async Task<bool> OrderAsync(HttpClient http, Purchase purchase, int number)
    {
        var text = $$"""{"sku":"{{purchase.Sku}}","quantity":1,"contact":"buyer{{number}}@example.org","channel":"alipay"}""";
        while (DateTimeOffset.UtcNow - purchase.PlannedAt < Patience)
        {
            var body = await AskAsync(
                http, "order",
                () =>
                {
                    var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_plan.Door, "/v1/orders"))
                    {
                        Content = new StringContent(text, Encoding.UTF8, "application/json"),
                    };
                    request.Headers.Add("Idempotency-Key", purchase.Key);
                    return request;
                },
                HttpStatusCode.Accepted, _leave.Token);
            if (body is not null)
            {
                using var json = JsonDocument.Parse(body);
                purchase.Id = json.RootElement.GetProperty("orderId").GetString()!;
                purchase.Token = json.RootElement.GetProperty("token").GetString()!;
                purchase.AcceptedAt = DateTimeOffset.UtcNow;
                return true;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(300 + _random.Next(400)), _leave.Token);
        }

        return false;
    }

    /// <summary>Keeps the order's page open until it says that nothing more will happen; a stream that ends is asked for again.</summary>
    private async Task FollowAsync(HttpClient http, Purchase purchase, CancellationToken cancel)
    {
        var until = DateTimeOffset.UtcNow + Patience;
        while (DateTimeOffset.UtcNow < until)
        {
            Interlocked.Increment(ref _requests);
            using var request = With(purchase, new(HttpMethod.Get, new Uri(_plan.Door, $"/v1/orders/{purchase.Id}/events")));
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(until - DateTimeOffset.UtcNow > TimeSpan.Zero ? until - DateTimeOffset.UtcNow : TimeSpan.FromMilliseconds(1));
            try
            {
                using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
                if (answer.StatusCode != HttpStatusCode.OK)
                {
                    Fail("follow", ((int)answer.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture));
                }
                else if (await EndsAsync(answer, limit.Token))
                {
                    return;
                }
            }
            catch (Exception e) when (IsLost(e) && !cancel.IsCancellationRequested)
            {
                if (e is not OperationCanceledException)
                {
                    Fail("follow", e.Message);
                }
            }

            await Task.Delay(TimeSpan.FromMilliseconds(500 + _random.Next(500)), cancel);
        }
    }

    /// <returns>True where the stream said that it is the end of the order; false where it just ended.</returns>
    private static async Task<bool> EndsAsync(HttpResponseMessage answer, CancellationToken cancel)
    {
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(cancel));
        while (await reader.ReadLineAsync(cancel) is { } line)
        {
            if (line == "event: end")
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsLost(Exception e) => e is HttpRequestException or IOException or SocketException or OperationCanceledException;

    private void Fail(string what, string why) => _failed.Enqueue(new(DateTimeOffset.UtcNow, what, why));

    private static HttpClient Client(IPAddress from) => new(new SocketsHttpHandler
    {
        UseProxy = false,
        ConnectTimeout = TimeSpan.FromSeconds(1),
        // Shorter than the proxy keeps an idle connection: or both might choose the same moment.
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(10),
        ConnectCallback = async (context, cancel) =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                socket.Bind(new IPEndPoint(from, 0));
                await socket.ConnectAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port, cancel);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };
}
