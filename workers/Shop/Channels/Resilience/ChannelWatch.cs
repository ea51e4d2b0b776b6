using System.Text;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using Microsoft.Extensions.Logging;

namespace CardShop.Shop.Channels.Resilience;

/// <summary>
/// Two loops per channel: one probes open breakers, the other says on shop.channels.v1 what the breakers show. A fenced
/// fleet calls nobody and says nothing.
/// </summary>
public sealed class ChannelWatch(
    ResilientChannel channel, ResilienceOptions options, ILog log, RollbackFence fence, TimeProvider time, Random random,
    ILogger<ChannelWatch> logger)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    /// <summary>Probes until cancelled. The wait lies between probes, so a hanging provider has one at a time.</summary>
    public async Task ProbeAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            await Task.Delay(options.ProbeEvery, time, cancellation);
            if (await MayCallAsync(cancellation))
            {
                await CallAsync(cancellation);
            }
        }
    }

    /// <summary>Publishes until cancelled: at the start, at each change, and again and again while a profile is down.</summary>
    public async Task PublishAsync(CancellationToken cancellation)
    {
        var bulletin = new ChannelBulletin(channel.Name, channel.Profiles.Count);
        var backoff = new Backoff(time, random, TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(5));
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                if (bulletin.Next(channel.Down, time.GetUtcNow()) is { } state && await fence.ProbeAsync(cancellation))
                {
                    await log.ProduceAsync(ToRecord(state), cancellation);
                    if (bulletin.Said(state, time.GetUtcNow()))
                    {
                        ShopLog.ChannelState(
                            logger, state.Channel, state.Up ? "up" : "down", string.Join(", ", state.Down ?? []));
                    }
                }

                backoff.Reset();
                await Task.Delay(Look, time, cancellation);
            }
            catch (Exception e) when (Failures.IsPlace(e) && !cancellation.IsCancellationRequested)
            {
                ShopLog.PublishFailed(logger, "channels", e.Message);
                await backoff.WaitAsync(cancellation);
            }
        }
    }

    private async Task CallAsync(CancellationToken cancellation)
    {
        try
        {
            await channel.ProbeAsync(cancellation);
        }
#pragma warning disable CA1031 // A fault in a channel keeps its breaker open; the payments of the other channels go on.
        catch (Exception e) when (!cancellation.IsCancellationRequested)
#pragma warning restore CA1031
        {
            ShopLog.ChannelFailed(logger, e, channel.Name, "probe", string.Empty);
        }
    }

    /// <summary>As for every call, the database is compared with the log first; where it is away, nobody is called for it either.</summary>
    private async Task<bool> MayCallAsync(CancellationToken cancellation)
    {
        try
        {
            return await fence.ProbeAsync(cancellation);
        }
        catch (Exception e) when (Failures.IsPlace(e) && !cancellation.IsCancellationRequested)
        {
            ShopLog.PublishFailed(logger, "channels", e.Message);
            return false;
        }
    }

    private static LogRecord ToRecord(ChannelState state) => new(
        Topics.Channels.Name, 0, Encoding.UTF8.GetBytes(state.Channel),
        JsonSerializer.SerializeToUtf8Bytes(state, ContractsJson.Default.ChannelState), []);
}
