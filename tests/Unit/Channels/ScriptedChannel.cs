using System.Collections.Concurrent;
using CardShop.Shop.Channels;

namespace CardShop.Tests.Unit.Channels;

/// <summary>A channel that answers every call as it is told, and keeps what it was asked.</summary>
internal sealed class ScriptedChannel : IPaymentChannel
{
    public const string Profile = "one";

    public static readonly ChannelAnswer Done = new(ChannelResult.Done);

    private static readonly DateTimeOffset Opened = new(2026, 1, 1, 4, 0, 0, TimeSpan.Zero);

    public static readonly PaymentRequest Payment = new(
        "aaaaaaaaaaaaaaaaaaaaaaaaaa01", Profile, 1_000, "CNY", "Card", Opened, Opened.AddMinutes(15));

    public static readonly RefundRequest Refund = new(Payment, "r1", 1_000, "refund", Opened, null);

    private readonly ConcurrentQueue<PaymentRequest> _calls = new();

    public string Name => "scripted";

    public IReadOnlyList<PaymentRequest> Calls => [.. _calls];

    /// <summary>What the next calls come to.</summary>
    public Func<PaymentRequest, CancellationToken, Task<ChannelAnswer>> Act { get; set; } = (_, _) => Task.FromResult(Done);

    /// <summary>Creates are written without a call.</summary>
    public bool IsPage { get; set; }

    public bool WritesLinks(string profile) => IsPage;

    /// <summary>Every call is answered so.</summary>
    public ScriptedChannel Answering(string? code, ChannelResult result = ChannelResult.Unknown)
    {
        Act = (_, _) => Task.FromResult(new ChannelAnswer(result, Code: code));
        return this;
    }

    /// <summary>No call is answered.</summary>
    public ScriptedChannel Hanging()
    {
        Act = async (_, stop) =>
        {
            var never = new TaskCompletionSource<ChannelAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var registration = stop.Register(() => never.TrySetCanceled(stop));
            return await never.Task;
        };
        return this;
    }

    public Task<ChannelAnswer> CreateAsync(PaymentRequest request, CancellationToken cancellation) => CallAsync(request, cancellation);

    public Task<ChannelAnswer> QueryAsync(PaymentRequest request, CancellationToken cancellation) => CallAsync(request, cancellation);

    public Task<ChannelAnswer> CloseAsync(PaymentRequest request, CancellationToken cancellation) => CallAsync(request, cancellation);

    public Task<ChannelAnswer> RefundAsync(RefundRequest request, CancellationToken cancellation) =>
        CallAsync(request.Payment, cancellation);

    public NotificationCheck Verify(
        ReadOnlyMemory<byte> body, IReadOnlyDictionary<string, string> headers, DateTimeOffset arrivedAt) => new("no");

    public NotificationReply Reply(NotificationOutcome outcome) => new(200, "text/plain", outcome.ToString());

    private Task<ChannelAnswer> CallAsync(PaymentRequest request, CancellationToken cancellation)
    {
        _calls.Enqueue(request);
        return Act(request, cancellation);
    }
}
