using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Bus;

namespace CardShop.Api.Admin;

/// <summary>How many messages lie in RabbitMQ's error queue, where this process is told where RabbitMQ is.</summary>
public sealed class ErrorQueueDepth
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    /// <summary>Nobody who looks at the whole shop waits longer for this part.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(0.5);

    private readonly TimeProvider _time;
    private readonly SharedLook<long?>? _look;

    public ErrorQueueDepth(RabbitBus? bus, TimeProvider time)
    {
        _time = time;
        _look = bus is null ? null : new(time, Fresh, () => AskAsync(bus));
    }

    /// <summary>Null where it is not known.</summary>
    public async Task<long?> GetAsync()
    {
        try
        {
            return _look is null ? null : await _look.GetAsync().WaitAsync(Patience, _time);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    private async Task<long?> AskAsync(RabbitBus bus)
    {
        try
        {
            using var limit = new CancellationTokenSource(Limit, _time);
            return (await bus.DepthsAsync([Queues.Error], limit.Token))[Queues.Error];
        }
        catch (Exception e) when (Failures.IsPlace(e) || e is OperationCanceledException)
        {
            return null;
        }
    }
}
