using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using Microsoft.Extensions.Logging;

namespace CardShop.Shop.Channels.Resilience;

/// <summary>
/// shop.channels.v1 for a fleet that opens attempts: which merchant profiles not to choose now. Advisory: until it has
/// been read, and while Kafka is away, all profiles count as up.
/// </summary>
public sealed class ChannelFollower(
    IReadOnlyCollection<string> channels, ILog log, TimeProvider time, Random random, ILogger<ChannelFollower> logger)
{
    private readonly ChannelStates _states = new(time);
    private volatile bool _live;

    /// <summary>Profiles that are down, as <c>channel/profile</c>.</summary>
    public IReadOnlySet<string> Down() =>
        channels.SelectMany(c => _states.Down(c).Select(profile => c + "/" + profile)).ToHashSet();

    public async Task RunAsync(CancellationToken cancellation)
    {
        var backoff = new Backoff(time, random, TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(5));
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                _live = false;
                await log.FollowAsync(
                    [Topics.Channels],
                    Take,
                    () =>
                    {
                        _live = true;
                        backoff.Reset();
                    },
                    cancellation);
            }
            catch (Exception e) when (Failures.IsPlace(e) && !cancellation.IsCancellationRequested)
            {
                ShopLog.ChannelsUnread(logger, e.Message);
                await backoff.WaitAsync(cancellation);
            }
        }
    }

    private void Take(LogIncoming record)
    {
        try
        {
            if (record.Value is not null
                && JsonSerializer.Deserialize(record.Value, ContractsJson.Default.ChannelState) is { } state)
            {
                _states.Take(state, _live ? time.GetUtcNow() : record.Timestamp);
            }
        }
        catch (JsonException e)
        {
            ShopLog.ChannelsUnread(logger, e.Message);
        }
    }
}
