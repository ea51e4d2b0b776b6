using CardShop.Contracts;
using CardShop.Pipeline;

namespace CardShop.Shop.Operators;

/// <summary>
/// A deed that may be done, once. What it came to is written by <see cref="DoneAsync"/>; left without it, by an exception
/// say, it is written as failed.
/// </summary>
/// <param name="write">Returns when an entry is durable.</param>
public sealed class OperatorGrant(
    Func<AuditEntry, CancellationToken, Task> write, AuditEntry started, Operator by, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private bool _ended;

    /// <summary>Who does it: proven by a key.</summary>
    public Operator Operator => by;

    /// <summary>Who approved it; null where none had to.</summary>
    public string? Approver => started.Approver;

    public string? ApprovalId => started.ApprovalId;

    /// <summary>The deed's own id: derived from the approval where there is one, so that a repeat changes nothing.</summary>
    public string CommandId => started.CommandId!;

    internal string RunId => started.RunId!;

    /// <summary>Writes that it was done.</summary>
    /// <param name="before">What was there, in a few words; null where there is nothing to say.</param>
    /// <param name="after">What came of it.</param>
    /// <param name="count">How many keys, orders or records it was about.</param>
    public Task DoneAsync(string? before, string? after, CancellationToken cancellation, long? count = null) => EndAsync(
        started with
        {
            Outcome = AuditOutcome.Done,
            Before = before is null ? null : OperatorGate.Clip(before),
            After = after is null ? null : OperatorGate.Clip(after),
            Count = count,
        },
        cancellation);

    /// <summary>Writes that it ended early, and why.</summary>
    public Task FailAsync(string problem, CancellationToken cancellation) => EndAsync(
        started with { Outcome = AuditOutcome.Failed, Problem = OperatorGate.Clip(problem) }, cancellation);

    public async ValueTask DisposeAsync()
    {
        if (_ended)
        {
            return;
        }

        try
        {
            using var limit = new CancellationTokenSource(Limit, time);
            await FailAsync("it ended early", limit.Token).WaitAsync(Limit, time, CancellationToken.None);
        }
        catch (Exception e) when (e is PlaceException or TimeoutException or OperationCanceledException)
        {
            // The entry 'started' stands alone then, which says the same: nobody knows how it ended.
        }
    }

    private async Task EndAsync(AuditEntry entry, CancellationToken cancellation)
    {
        await write(entry with { At = time.GetUtcNow() }, cancellation);
        _ended = true;
    }
}
