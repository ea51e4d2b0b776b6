namespace CardShop.Tests.Chaos;

/// <summary>The long run: load, faults drawn by chance, and the invariants at its end.</summary>
public static class ChaosRun
{
    public static Task<int> RunAsync(CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        throw new ChaosFailedException("name a drill: tests/chaos --drill NAME");
    }
}
