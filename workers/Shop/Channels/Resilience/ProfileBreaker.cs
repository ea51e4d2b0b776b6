using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace CardShop.Shop.Channels.Resilience;

/// <summary>
/// The calls of one merchant profile: a time limit, repeats where they are safe, and a circuit breaker. Only a probe
/// tries an open breaker; a buyer's order is never what finds out.
/// </summary>
internal sealed class ProfileBreaker
{
    internal static readonly ChannelAnswer Refused = new(ChannelResult.Unknown, Code: ProviderFailures.CircuitOpen);

    private readonly CircuitBreakerStateProvider _state = new();
    private readonly ResiliencePipeline<ChannelAnswer> _commands;
    private readonly ResiliencePipeline<ChannelAnswer> _queries;
    private readonly ResiliencePipeline<ChannelAnswer> _probes;

    public ProfileBreaker(ResilienceOptions options, TimeProvider time, Random random)
    {
        var breaker = new ResiliencePipelineBuilder<ChannelAnswer> { TimeProvider = time }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<ChannelAnswer>
            {
                FailureRatio = options.FailureRatio,
                MinimumThroughput = options.MinimumCalls,
                SamplingDuration = options.Window,
                BreakDuration = TimeSpan.FromMilliseconds(500),
                StateProvider = _state,
                ShouldHandle = one => ValueTask.FromResult(
                    one.Outcome.Exception is not (null or OperationCanceledException)
                    || (one.Outcome.Result is { } answer && ProviderFailures.IsPlace(answer))),
            })
            .Build();

        ResiliencePipeline<ChannelAnswer> Build(TimeSpan limit, Func<ChannelAnswer, bool>? isRepeated)
        {
            var pipeline = new ResiliencePipelineBuilder<ChannelAnswer> { TimeProvider = time };
            if (isRepeated is not null && options.Retries > 0)
            {
                pipeline.AddRetry(new RetryStrategyOptions<ChannelAnswer>
                {
                    MaxRetryAttempts = options.Retries,
                    Delay = options.RetryDelay,
                    BackoffType = DelayBackoffType.Exponential,
                    UseJitter = true,
                    Randomizer = () => Next(random),
                    ShouldHandle = one => ValueTask.FromResult(one.Outcome.Result is { } answer && isRepeated(answer)),
                });
            }

            return pipeline.AddPipeline(breaker).AddPipeline(Limited(limit, time)).Build();
        }

        _commands = Build(options.CallTimeout, ProviderFailures.IsUnanswered);
        _queries = Build(options.CallTimeout, ProviderFailures.IsWorthAsking);
        _probes = Build(options.ProbeTimeout, null);
    }

    public bool IsOpen => _state.CircuitState != CircuitState.Closed;

    /// <summary>Creates, closes and refunds: the provider knows an identical one by its number.</summary>
    public Task<ChannelAnswer> CommandAsync(
        Func<CancellationToken, Task<ChannelAnswer>> call, CancellationToken cancellation) =>
        IsOpen ? Task.FromResult(Refused) : RunAsync(_commands, call, cancellation);

    public Task<ChannelAnswer> QueryAsync(
        Func<CancellationToken, Task<ChannelAnswer>> call, CancellationToken cancellation) =>
        IsOpen ? Task.FromResult(Refused) : RunAsync(_queries, call, cancellation);

    /// <summary>The one call that an open breaker lets through; a sound answer closes it.</summary>
    public Task<ChannelAnswer> ProbeAsync(
        Func<CancellationToken, Task<ChannelAnswer>> call, CancellationToken cancellation) =>
        RunAsync(_probes, call, cancellation);

    private static ResiliencePipeline<ChannelAnswer> Limited(TimeSpan limit, TimeProvider time) =>
        new ResiliencePipelineBuilder<ChannelAnswer> { TimeProvider = new LenientTime(time) }.AddTimeout(limit).Build();

    private static async Task<ChannelAnswer> RunAsync(
        ResiliencePipeline<ChannelAnswer> pipeline, Func<CancellationToken, Task<ChannelAnswer>> call,
        CancellationToken cancellation)
    {
        // Polly leaves its caller's scheduler unless it is told to stay.
        var context = ResilienceContextPool.Shared.Get(continueOnCapturedContext: true, cancellation);
        try
        {
            return await pipeline.ExecuteAsync(static async (c, act) => await act(c.CancellationToken), context, call);
        }
        catch (TimeoutRejectedException)
        {
            return new(ChannelResult.Unknown, Code: ProviderFailures.Timeout);
        }
        catch (BrokenCircuitException)
        {
            return Refused;
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private static double Next(Random random)
    {
        lock (random)
        {
            return random.NextDouble();
        }
    }
}
