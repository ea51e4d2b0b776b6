using CardShop.Contracts;

namespace CardShop.Shop.Channels.Resilience;

/// <summary>
/// What one fleet says about a channel on shop.channels.v1, and when. Several fleets may say different things: the last
/// word counts, a fleet that sees a profile down repeats its word, and one that sees all of them up is silent after it
/// has said so once. So a channel is down while any fleet sees it down (its commands are shared, and a fleet that answers
/// them at once gets most of them), and readers forget a word that is no longer repeated (<see cref="ChannelStates"/>).
/// </summary>
internal sealed class ChannelBulletin(string channel, int profiles)
{
    public static readonly TimeSpan RefreshEvery = TimeSpan.FromSeconds(5);

    private ChannelState? _said;
    private DateTimeOffset _saidAt;

    /// <returns>What is to be said now; null when nothing is.</returns>
    public ChannelState? Next(IReadOnlyList<string> down, DateTimeOffset now)
    {
        var up = down.Count < profiles;
        var next = new ChannelState(
            channel, up, _said is { } said && said.Up == up ? said.Since : now, down.Count == 0 ? null : down);
        return _said is null || _said.Up != up || !down.SequenceEqual(_said.Down ?? [])
            || (down.Count > 0 && now - _saidAt >= RefreshEvery)
            ? next
            : null;
    }

    /// <summary>Notes that Kafka has it.</summary>
    /// <returns>True when it was news, false when it was said again.</returns>
    public bool Said(ChannelState state, DateTimeOffset now)
    {
        var isNews = _said is null || _said.Up != state.Up || !(state.Down ?? []).SequenceEqual(_said.Down ?? []);
        _said = state;
        _saidAt = now;
        return isNews;
    }
}
