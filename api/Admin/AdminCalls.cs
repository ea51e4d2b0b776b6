using CardShop.Pipeline;
using CardShop.Pipeline.Log;

namespace CardShop.Api.Admin;

/// <summary>
/// Runs the calls of operators beside the intake of orders: few at once, off the threads that take requests, each with an
/// end, and with one answer for every server that is away.
/// </summary>
public sealed class AdminCalls(TimeProvider time, ILogger<AdminCalls> logger) : IDisposable
{
    private const int AtOnce = 8;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly SemaphoreSlim _slots = new(AtOnce);

    /// <param name="call">Gets the call's deadline. A client that goes away does not stop it: what was begun is audited to its end.</param>
    public async Task RunAsync(HttpContext context, Func<CancellationToken, Task<AdminAnswer>> call)
    {
        // A request runs on the thread that received it, which has other connections to serve.
        await Task.Yield();
        context.Response.Headers.CacheControl = "no-store";
        await (await AnswerAsync(context, call)).WriteAsync(context);
    }

    public void Dispose() => _slots.Dispose();

    private async Task<AdminAnswer> AnswerAsync(HttpContext context, Func<CancellationToken, Task<AdminAnswer>> call)
    {
        if (!await _slots.WaitAsync(Patience, context.RequestAborted))
        {
            return Away("Too many operators' calls are running at this moment. Send it again.");
        }

        try
        {
            using var limit = new CancellationTokenSource(Limit, time);
            return await call(limit.Token);
        }
        catch (FencedException)
        {
            return Away("PostgreSQL is older than Kafka, or is being compared with it: nothing may be changed. If it stays so, see 'shopctl recover'.");
        }
        catch (Exception e) when (
            (Failures.IsPlace(e) || Failures.IsConflict(e) || e is TrimmedException) && !context.RequestAborted.IsCancellationRequested)
        {
            ApiLog.AdminUnavailable(logger, e.Message);
            return Away("Kafka, where every deed is noted first, or PostgreSQL does not answer. Send the same call again: nothing is done twice.");
        }
        finally
        {
            _slots.Release();
        }
    }

    private static AdminAnswer Away(string detail) => AdminAnswer.Of(Problem.Of(
        StatusCodes.Status503ServiceUnavailable, "It cannot be done at this moment", detail));
}
