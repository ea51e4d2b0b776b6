namespace CardShop.Tests.Integration;

/// <summary>Waits for a fact, with a deadline; never for a time.</summary>
public static class Eventually
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    public static Task TrueAsync(Func<bool> fact, string what, TimeSpan? deadline = null) =>
        TrueAsync(() => Task.FromResult(fact()), () => what, deadline);

    public static Task TrueAsync(Func<Task<bool>> fact, string what, TimeSpan? deadline = null) =>
        TrueAsync(fact, () => what, deadline);

    public static async Task TrueAsync(Func<Task<bool>> fact, Func<string> what, TimeSpan? deadline = null)
    {
        var until = DateTime.UtcNow + (deadline ?? Deadline);
        while (!await fact())
        {
            if (DateTime.UtcNow > until)
            {
                throw new TimeoutException($"It did not come about that {what()}");
            }

            await Task.Delay(20);
        }
    }
}
