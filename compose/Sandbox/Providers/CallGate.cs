using CardShop.Sandbox.Books;
using CardShop.Sandbox.Faults;

namespace CardShop.Sandbox.Providers;

/// <summary>
/// Runs a call of the merchant, whichever provider it is for: what befalls the connection, who pays at once, and whose
/// money comes late are dealt with here; what is said under the other faults is the provider's.
/// </summary>
public sealed class CallGate(FaultPlan faults, SandboxBooks books, SandboxOptions options, TimeProvider clock)
{
    /// <param name="method">The provider's own name of the call, where it has one.</param>
    /// <param name="number">Tells which trade the call is about; asked only while a fault waits.</param>
    /// <param name="execute">Does the call and words the answer, with what is wrong about it; called at most once.</param>
    public async Task RunAsync(
        HttpContext context, string provider, SandboxCall call, string? method, Func<string?> number,
        Func<FaultKind?, ProviderReply> execute)
    {
        var fault = faults.IsEmpty ? null : faults.Take(provider, call, method, number());
        switch (fault?.Kind)
        {
            case FaultKind.Delay:
                await Task.Delay(TimeSpan.FromMilliseconds(fault.Milliseconds), clock, context.RequestAborted);
                break;
            case FaultKind.Status:
                context.Response.StatusCode = fault.Status;
                return;
            case FaultKind.DropBefore or FaultKind.TimeoutBefore:
                await CutAsync(context, fault, hold: fault.Kind == FaultKind.TimeoutBefore);
                return;
            default:
                break;
        }

        var reply = execute(fault?.Kind);
        PayAfterwards(context, reply, fault);
        if (fault?.Kind is FaultKind.DropAfter or FaultKind.TimeoutAfter)
        {
            await CutAsync(context, fault, hold: fault.Kind == FaultKind.TimeoutAfter);
            return;
        }

        await WriteAsync(context, reply);
    }

    public static async Task WriteAsync(HttpContext context, ProviderReply reply)
    {
        context.Response.StatusCode = reply.Status;
        foreach (var (name, value) in reply.Headers)
        {
            context.Response.Headers[name] = value;
        }

        if (reply.ContentType.Length > 0)
        {
            context.Response.ContentType = reply.ContentType;
            context.Response.ContentLength = reply.Body.Length;
            await context.Response.Body.WriteAsync(reply.Body, context.RequestAborted);
        }
    }

    /// <summary>The address below which each trade has its pay page.</summary>
    public static string Site(HttpRequest request, SandboxOptions options) =>
        string.IsNullOrEmpty(options.PublicUrl)
            ? $"{request.Scheme}://{request.Host}"
            : options.PublicUrl.TrimEnd('/');

    /// <summary>The buyer pays once the shop has the answer, or has been cut off from it.</summary>
    private void PayAfterwards(HttpContext context, ProviderReply reply, Fault? fault)
    {
        if (reply.Opened is { } opened && options.AutoPay)
        {
            context.Response.OnCompleted(() =>
            {
                books.Pay(opened);
                return Task.CompletedTask;
            });
        }

        if (reply.Closed is { } closed && fault?.Kind == FaultKind.LateSuccess)
        {
            context.Response.OnCompleted(() =>
            {
                books.PayLate(closed);
                return Task.CompletedTask;
            });
        }
    }

    private async Task CutAsync(HttpContext context, Fault fault, bool hold)
    {
        if (hold)
        {
            try
            {
                await Task.Delay(TimeSpan.FromMilliseconds(fault.Milliseconds), clock, context.RequestAborted);
            }
            catch (OperationCanceledException)
            {
                // the caller had enough first
            }
        }

        context.Abort();
    }
}
