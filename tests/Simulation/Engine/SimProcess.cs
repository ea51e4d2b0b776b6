namespace CardShop.Tests.Simulation.Engine;

/// <summary>
/// A simulated process: where its code goes on, and its clock. Killed, it never goes on again; paused, it goes on later,
/// with everything it had in hand.
/// </summary>
internal sealed class SimProcess(Sim sim, int id, string name) : SynchronizationContext
{
    public int Id => id;

    public string Name => name;

    public bool IsDead { get; private set; }

    public long PausedUntil { get; set; }

    public ProcessClock Clock { get; } = new(sim);

    /// <summary>Who must know of its end: servers, which see its connections break.</summary>
    public List<Action> OnDeath { get; } = [];

    public override void Post(SendOrPostCallback d, object? state) => sim.Post(this, d, state);

    public override void Send(SendOrPostCallback d, object? state) =>
        throw new NotSupportedException("Nothing waits for another's step.");

    public override SynchronizationContext CreateCopy() => this;

    /// <param name="ended">Told of the failure, or of null, when the work ends.</param>
    public void Start(Func<Task> work, Action<Exception?> ended) => sim.Post(this, _ => Forget(RunAsync(work, ended)), null);

    public void Kill()
    {
        IsDead = true;
        foreach (var told in OnDeath.ToArray())
        {
            told();
        }

        OnDeath.Clear();
    }

    private static async Task RunAsync(Func<Task> work, Action<Exception?> ended)
    {
        try
        {
            await work();
            ended(null);
        }
#pragma warning disable CA1031 // Whatever ends a loop is for the world to judge.
        catch (Exception e)
#pragma warning restore CA1031
        {
            ended(e);
        }
    }

    private static void Forget(Task task) => _ = task;
}
