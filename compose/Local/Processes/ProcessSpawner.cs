using System.Collections.Concurrent;
using System.Diagnostics;

namespace CardShop.Local.Processes;

/// <summary>
/// Starts processes from one thread that lives as long as this process. A child asks the kernel for SIGKILL at the death of
/// its parent, and by "parent" the kernel means the thread that forked: one of the pool would take the child with it when it retires.
/// </summary>
internal static class ProcessSpawner
{
    private static readonly BlockingCollection<(ProcessStartInfo Info, TaskCompletionSource<Process> Started)> Requests = Begin();

    public static Task<Process> StartAsync(ProcessStartInfo info)
    {
        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        Requests.Add((info, started));
        return started.Task;
    }

    private static BlockingCollection<(ProcessStartInfo Info, TaskCompletionSource<Process> Started)> Begin()
    {
        NativeMethods.AdoptOrphans();
        var requests = new BlockingCollection<(ProcessStartInfo Info, TaskCompletionSource<Process> Started)>(boundedCapacity: 64);
        new Thread(() => Serve(requests)) { IsBackground = true, Name = "process spawner" }.Start();
        return requests;
    }

    private static void Serve(BlockingCollection<(ProcessStartInfo Info, TaskCompletionSource<Process> Started)> requests)
    {
        foreach (var (info, started) in requests.GetConsumingEnumerable())
        {
            try
            {
                started.SetResult(Process.Start(info)!);
            }
#pragma warning disable CA1031 // Whatever it is, it belongs to the caller; this thread must live on.
            catch (Exception e)
#pragma warning restore CA1031
            {
                started.SetException(e);
            }
        }
    }
}
