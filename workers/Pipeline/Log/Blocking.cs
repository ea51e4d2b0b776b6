namespace CardShop.Pipeline.Log;

/// <summary>librdkafka's consumer calls block: they run on threads of their own, never on the pool.</summary>
internal static class Blocking
{
    public static Task<T> RunAsync<T>(Func<T> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
