using System.Collections.Concurrent;
using CardShop.Contracts;

namespace CardShop.Shop.Channels.Resilience;

/// <summary>
/// What shop.channels.v1 says, in memory. A channel is up until a record says otherwise, and a record that says so
/// counts for <see cref="ValidFor"/>: the fleet that sees a provider down says it again and again, so the word of one
/// that died does not stay. An operator's word stands until the next one.
/// </summary>
public sealed class ChannelStates(TimeProvider time)
{
    /// <summary>Three times the period in which a fleet says again that a provider is down.</summary>
    public static readonly TimeSpan ValidFor = ChannelBulletin.RefreshEvery * 3;

    private readonly ConcurrentDictionary<string, (ChannelState State, DateTimeOffset SaidAt)> _states = new();

    private readonly ConcurrentDictionary<string, ChannelState> _switches = new();

    /// <param name="saidAt">
    /// When it was said: now for a record that arrives, the record's own time for one that was there before.
    /// </param>
    public void Take(ChannelState state, DateTimeOffset saidAt)
    {
        if (state.By is not null)
        {
            _switches[state.Channel] = state;
        }
        else
        {
            _states[state.Channel] = (state, saidAt);
        }
    }

    public bool IsUp(string channel) => SwitchedOff(channel) is null && Find(channel) is not { Up: false };

    /// <summary>The operator's word that takes the channel out of use; null where there is none.</summary>
    public ChannelState? SwitchedOff(string channel) =>
        _switches.TryGetValue(channel, out var said) && !said.Up ? said : null;

    /// <summary>The profiles of a channel that are down.</summary>
    public IReadOnlyList<string> Down(string channel) => Find(channel)?.Down ?? [];

    private ChannelState? Find(string channel) =>
        _states.TryGetValue(channel, out var said) && time.GetUtcNow() - said.SaidAt < ValidFor ? said.State : null;
}
