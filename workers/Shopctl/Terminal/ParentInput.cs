namespace CardShop.Shopctl.Terminal;

/// <summary>
/// Standard input as the wire to a program that runs this one: it ends when that program closes it, and when that program
/// dies, whatever way.
/// </summary>
public static class ParentInput
{
    /// <summary>Begins the line of standard error that names what waits for approval.</summary>
    public const string ApprovalPrefix = "approval-id: ";

    /// <returns>Cancelled when standard input ends. What is read before is of no account.</returns>
    internal static CancellationToken Watch()
    {
        // It lives as long as the process.
        var stop = new CancellationTokenSource();
        _ = WatchAsync(stop);
        return stop.Token;
    }

    private static async Task WatchAsync(CancellationTokenSource stop)
    {
        // A read of standard input holds its thread: it is not to be the command's.
        await Task.Yield();
        await using var input = Console.OpenStandardInput();
        var buffer = new byte[256];
        try
        {
            while (await input.ReadAsync(buffer) > 0)
            {
                // Only the end says something.
            }
        }
        catch (IOException)
        {
            // It cannot be read any more: as its end.
        }

        await stop.CancelAsync();
    }
}
