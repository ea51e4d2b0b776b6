namespace CardShop.Shop.Channels.Resilience;

/// <summary>
/// A channel whose calls are limited in time, repeated where that is safe, and cut off while the provider is down: then
/// the answer is at once <see cref="ChannelResult.Unknown"/> with the code <c>CIRCUIT_OPEN</c>. Each merchant profile has
/// a breaker of its own. What changes nothing at the provider (verifying, replying) passes through.
/// </summary>
public sealed class ResilientChannel : IPaymentChannel
{
    // Shorter than a provider number of ours ever is: no trade can have it.
    private const string ProbeNumber = "cardshopprobe00000000";

    private readonly IPaymentChannel _inner;
    private readonly TimeProvider _time;
    private readonly Dictionary<string, ProfileBreaker> _breakers;

    public ResilientChannel(OfferedChannel channel, ResilienceOptions options, TimeProvider time, Random random)
    {
        _inner = channel.Channel;
        _time = time;
        Profiles = channel.Profiles;
        _breakers = channel.Profiles.ToDictionary(p => p, _ => new ProfileBreaker(options, time, random));
    }

    public string Name => _inner.Name;

    public IReadOnlyList<string> Profiles { get; }

    /// <summary>The profiles whose breaker is open now.</summary>
    public IReadOnlyList<string> Down => [.. Profiles.Where(p => _breakers[p].IsOpen)];

    /// <summary>What the channel writes by itself neither closes a breaker nor keeps it closed; an open one refuses it too.</summary>
    public async Task<ChannelAnswer> CreateAsync(PaymentRequest request, CancellationToken cancellation) =>
        !_inner.WritesLinks(request.Profile)
            ? await CommandAsync(request.Profile, stop => _inner.CreateAsync(request, stop), cancellation)
            : Down.Contains(request.Profile)
                ? ProfileBreaker.Refused
                : await _inner.CreateAsync(request, cancellation) with { IsLocal = true };

    public bool WritesLinks(string profile) => _inner.WritesLinks(profile);

    public Task<ChannelAnswer> QueryAsync(PaymentRequest request, CancellationToken cancellation) =>
        _breakers.TryGetValue(request.Profile, out var breaker)
            ? breaker.QueryAsync(stop => _inner.QueryAsync(request, stop), cancellation)
            : _inner.QueryAsync(request, cancellation);

    public Task<ChannelAnswer> CloseAsync(PaymentRequest request, CancellationToken cancellation) =>
        CommandAsync(request.Profile, stop => _inner.CloseAsync(request, stop), cancellation);

    public Task<ChannelAnswer> RefundAsync(RefundRequest request, CancellationToken cancellation) =>
        CommandAsync(request.Payment.Profile, stop => _inner.RefundAsync(request, stop), cancellation);

    public NotificationCheck Verify(
        ReadOnlyMemory<byte> body, IReadOnlyDictionary<string, string> headers, DateTimeOffset arrivedAt) =>
        _inner.Verify(body, headers, arrivedAt);

    public NotificationReply Reply(NotificationOutcome outcome) => _inner.Reply(outcome);

    /// <summary>
    /// Asks the provider, once for each profile whose breaker is open, about a trade that cannot exist; any sound answer
    /// closes the breaker. Nothing is called while all are closed.
    /// </summary>
    public Task ProbeAsync(CancellationToken cancellation) => Task.WhenAll(Down.Select(profile =>
    {
        var now = _time.GetUtcNow();
        var request = new PaymentRequest(ProbeNumber, profile, 1, "CNY", "probe", now, now + TimeSpan.FromMinutes(5));
        return _breakers[profile].ProbeAsync(stop => _inner.QueryAsync(request, stop), cancellation);
    }));

    /// <summary>A profile that is no longer among the settings has no breaker: the channel itself refuses it.</summary>
    private Task<ChannelAnswer> CommandAsync(
        string profile, Func<CancellationToken, Task<ChannelAnswer>> call, CancellationToken cancellation) =>
        _breakers.TryGetValue(profile, out var breaker)
            ? breaker.CommandAsync(call, cancellation)
            : call(cancellation);
}
