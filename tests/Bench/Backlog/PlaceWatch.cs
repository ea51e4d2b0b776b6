using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Tests.Bench.Machine;

namespace CardShop.Tests.Bench.Backlog;

/// <summary>How true the places were that buyers were shown.</summary>
/// <param name="Answers">Places that were compared.</param>
/// <param name="Behind">Those that were not the true place at the moment of the answer but an earlier, worse one.</param>
/// <param name="P99">How long ago the shown places were the true ones: 99 of 100 were younger.</param>
/// <param name="TooGood">Places better than the truth was when the answer had come; there must be none.</param>
/// <param name="Latest">Those that were more than two seconds behind: of which partitions, when, and by how many records.</param>
/// <param name="Standstill">The longest time that a partition with waiting orders was not served.</param>
internal sealed record ShownPlaces(
    int Answers, int Behind, TimeSpan P99, TimeSpan Most, int TooGood, string Latest, TimeSpan Standstill);

/// <summary>
/// Asks for the pages of waiting orders, one after the other and again, and looks in the database how far the orders fleet
/// has truly come. A place says how far the API believes it is: place = offset - processed + 1.
/// </summary>
internal sealed class PlaceWatch : IAsyncDisposable
{
    private static readonly TimeSpan EveryTruth = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan EveryPage = TimeSpan.FromMilliseconds(100);

    private readonly ShopServers _servers;
    private readonly HttpClient _http;
    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<int, List<(long Before, long After, long Next)>> _truth = [];
    private readonly List<(long Received, int Partition, long Processed, bool IsPlace)> _answers = [];
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly Task _work;

    private PlaceWatch(ShopServers servers, HttpClient http, IReadOnlyList<OrderPage> pages)
    {
        (_servers, _http) = (servers, http);
        _work = Task.WhenAll(FollowTruthAsync(), AskAsync(new(pages)));
    }

    public static PlaceWatch Start(ShopServers servers, HttpClient http, IReadOnlyList<OrderPage> pages) => new(servers, http, pages);

    /// <summary>Ends it and compares. Throws what went wrong on the way.</summary>
    public async Task<ShownPlaces> StopAsync()
    {
        await _stop.CancelAsync();
        await _work;
        var ages = new List<TimeSpan>(_answers.Count);
        var tooGood = 0;
        var late = new List<(int Partition, double At, long Records)>();
        foreach (var (received, partition, processed, isPlace) in _answers)
        {
            var truth = _truth.TryGetValue(partition, out var looks) ? looks : [];

            // The first look that saw more than the answer says: from then on the answer was old. Without a place none can be.
            var newer = truth.FindIndex(t => t.Next > processed);
            ages.Add(isPlace && newer >= 0 && truth[newer].After < received ? Stopwatch.GetElapsedTime(truth[newer].Before, received) : TimeSpan.Zero);

            if (ages[^1] > TimeSpan.FromSeconds(2))
            {
                late.Add((
                    partition, Stopwatch.GetElapsedTime(_started, received).TotalSeconds,
                    truth[truth.FindLastIndex(t => t.Before < received)].Next - processed));
            }

            // A look that began after the answer had come and saw less: the answer promised too much.
            var later = truth.FindIndex(t => t.Before >= received);
            tooGood += later >= 0 && truth[later].Next < processed ? 1 : 0;
        }

        ages.Sort();
        var latest = string.Join(", ", late.GroupBy(l => l.Partition).Select(g => string.Create(
            CultureInfo.InvariantCulture, $"partition {g.Key}: {g.Count()} from {g.Min(l => l.At):0} to {g.Max(l => l.At):0} s, by {g.Min(l => l.Records)} to {g.Max(l => l.Records)} records")));
        return ages.Count == 0
            ? new(0, 0, TimeSpan.Zero, TimeSpan.Zero, 0, string.Empty, TimeSpan.Zero)
            : new(
                ages.Count, ages.Count(a => a > TimeSpan.Zero), ages[(ages.Count - 1) * 99 / 100], ages[^1], tooGood, latest,
                _truth.Values.Max(StandstillOf));
    }

    /// <summary>Between two looks that saw it move; the first look counts as one, and what it had come to at last is its end.</summary>
    private static TimeSpan StandstillOf(List<(long Before, long After, long Next)> looks)
    {
        var longest = TimeSpan.Zero;
        var last = looks[0];
        foreach (var look in looks)
        {
            if (look.Next == last.Next)
            {
                continue;
            }

            var standstill = Stopwatch.GetElapsedTime(last.Before, look.Before);
            longest = standstill > longest ? standstill : longest;
            last = look;
        }

        return longest;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _work.ContinueWith(_ => { }, TaskScheduler.Default);
        _stop.Dispose();
    }

    private async Task FollowTruthAsync()
    {
        using var timer = new PeriodicTimer(EveryTruth);
        while (await TickAsync(timer))
        {
            var before = Stopwatch.GetTimestamp();
            await using var command = _servers.Database.CreateCommand(
                "SELECT partition, next_offset FROM shop.progress WHERE grp = 'orders' AND topic = $1");
            command.Parameters.Add(new() { Value = Topics.Orders.Name });
            await using var reader = await command.ExecuteReaderAsync();
            var rows = new List<(int Partition, long Next)>();
            while (await reader.ReadAsync())
            {
                rows.Add((reader.GetInt32(0), reader.GetInt64(1)));
            }

            var after = Stopwatch.GetTimestamp();
            foreach (var (partition, next) in rows)
            {
                if (!_truth.TryGetValue(partition, out var looks))
                {
                    _truth[partition] = looks = [];
                }

                looks.Add((before, after, next));
            }
        }
    }

    private async Task AskAsync(Queue<OrderPage> waiting)
    {
        using var timer = new PeriodicTimer(EveryPage);
        while (await TickAsync(timer) && waiting.TryDequeue(out var page))
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(page.Url, UriKind.Relative));
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", page.Token);
            using var answer = await _http.SendAsync(request);
            answer.EnsureSuccessStatusCode();
            var view = await answer.Content.ReadFromJsonAsync<JsonElement>();
            var received = Stopwatch.GetTimestamp();
            if (view.GetProperty("status").GetString() != "queued")
            {
                continue;
            }

            // Place 0 says that it has been processed, and no more.
            var place = view.GetProperty("queue").GetProperty("position").GetInt64();
            _answers.Add((received, page.Partition, place > 0 ? page.Offset - place + 1 : page.Offset + 1, place > 0));
            waiting.Enqueue(page);
        }
    }

    private async Task<bool> TickAsync(PeriodicTimer timer)
    {
        try
        {
            return await timer.WaitForNextTickAsync(_stop.Token);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
