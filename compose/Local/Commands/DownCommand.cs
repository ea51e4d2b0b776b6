using CardShop.Local.Instance;
using CardShop.Local.Processes;
using CardShop.Local.Supervision;

namespace CardShop.Local.Commands;

/// <summary>compose/down: stops the shop of this folder, and removes its data when told so.</summary>
internal static class DownCommand
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    public static async Task<int> RunAsync(InstanceLayout layout, bool purge, TimeProvider time, CancellationToken cancellationToken)
    {
        var files = layout.Supervisor;
        files.Create();
        var from = time.GetTimestamp();
        var asked = false;
        while (true)
        {
            using var taken = SupervisorLock.TryTake(files);
            if (taken is not null)
            {
                Console.WriteLine(asked ? "stopped" : "no shop runs in this folder");
                if (purge)
                {
                    Purge(layout);
                    Console.WriteLine("its data, backups and secrets are removed");
                }

                return 0;
            }

            if (!asked)
            {
                asked = true;
                Console.WriteLine("stopping");
                if (await new ControlClient(files.Socket).AskAsync(new ControlRequest("down"), cancellationToken) is null
                    && SupervisorLock.Holder(files) is { } holder)
                {
                    NativeMethods.Send(holder, Signal.Terminate);
                }
            }

            if (time.GetElapsedTime(from) > Limit)
            {
                await Console.Error.WriteLineAsync($"error: it did not stop within {Limit.TotalMinutes:0} minutes; see .local/logs");
                return 1;
            }

            await Task.Delay(Poll, time, cancellationToken);
        }
    }

    private static void Purge(InstanceLayout layout)
    {
        foreach (var folder in (string[])[Path.Combine(layout.Folder, "data"), layout.Backup, layout.Archive, layout.Secrets])
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }

        foreach (var file in (string[])[layout.EnvFile, layout.SettingsFile, layout.PortsFile])
        {
            File.Delete(file);
        }
    }
}
