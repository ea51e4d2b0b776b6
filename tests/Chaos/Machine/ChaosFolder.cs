using System.Diagnostics;
using System.Globalization;
using CardShop.Local.Instance;
using CardShop.Local.Processes;

namespace CardShop.Tests.Chaos.Machine;

/// <summary>
/// The folder of one run, below <c>.local/chaos</c>, named after its process. What killed runs left (mounts, network
/// namespaces, files) is removed when the next one starts.
/// </summary>
public sealed class ChaosFolder : IAsyncDisposable
{
    /// <summary>Names of network namespaces begin with this and the process's number.</summary>
    public const string NetworkPrefix = "cardshop-chaos-";

    private ChaosFolder(string all, string path)
    {
        All = all;
        Path = path;
    }

    /// <summary><c>.local/chaos</c>: pictures and logs of the last run.</summary>
    public string All { get; }

    /// <summary>This run's own, gone at the end.</summary>
    public string Path { get; }

    /// <summary>Where the parts' output goes; kept after a failure.</summary>
    public string Logs => System.IO.Path.Combine(Path, "logs");

    /// <summary>Removes leftovers and makes the folder.</summary>
    public static async Task<ChaosFolder> CreateAsync()
    {
        var all = System.IO.Path.Combine(InstanceLayout.Around(AppContext.BaseDirectory).Folder, "chaos");
        Directory.CreateDirectory(all);
        foreach (var run in Directory.GetDirectories(all).Where(r => IsLeft(System.IO.Path.GetFileName(r))))
        {
            await RemoveAsync(run);
        }

        await RemoveNetworksAsync(pid => ProcessTable.Find(pid) is null);
        var own = ProcessTable.Find(Environment.ProcessId)!.Value;
        var path = System.IO.Path.Combine(all, string.Create(CultureInfo.InvariantCulture, $"{own.Pid}-{own.StartTicks}"));
        Directory.CreateDirectory(path);
        Directory.CreateDirectory(System.IO.Path.Combine(path, "logs"));
        return new(all, path);
    }

    /// <summary>A place of this run.</summary>
    public string Of(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Copies the parts' logs to where they outlive the run.</summary>
    public string KeepLogs()
    {
        var kept = System.IO.Path.Combine(All, "logs");
        if (Directory.Exists(kept))
        {
            Directory.Delete(kept, recursive: true);
        }

        Directory.Move(Logs, kept);
        return kept;
    }

    public async ValueTask DisposeAsync()
    {
        await RemoveNetworksAsync(pid => pid == Environment.ProcessId);
        if (Environment.GetEnvironmentVariable("CARDSHOP_CHAOS_KEEP") is null)
        {
            await RemoveAsync(Path);
        }
    }

    private static bool IsLeft(string name)
    {
        var words = name.Split('-');
        return words.Length == 2 && int.TryParse(words[0], CultureInfo.InvariantCulture, out var pid)
            && long.TryParse(words[1], CultureInfo.InvariantCulture, out var ticks)
            && !ProcessTable.IsAlive(new ProcessIdentity(pid, ticks));
    }

    private static async Task RemoveAsync(string folder)
    {
        foreach (var data in Directory.Exists(folder) ? Directory.GetDirectories(folder) : [])
        {
            await ChildProcess.KillAllAsync(ProcessTable.WorkingIn(data, "postgres"), TimeProvider.System);
        }

        foreach (var mount in MountsBelow(folder))
        {
            await HostCommand.RunAsync("umount", "-l", mount);
        }

        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static List<string> MountsBelow(string folder) =>
    [
        .. File.ReadLines("/proc/self/mounts").Select(line => line.Split(' ')[1])
            .Where(path => path.StartsWith(folder + "/", StringComparison.Ordinal)),
    ];

    private static async Task RemoveNetworksAsync(Func<int, bool> isOurs)
    {
        const string Networks = "/run/netns";
        foreach (var path in Directory.Exists(Networks) ? Directory.GetFiles(Networks, NetworkPrefix + "*") : [])
        {
            var name = System.IO.Path.GetFileName(path);
            if (int.TryParse(name[NetworkPrefix.Length..].Split('-')[0], CultureInfo.InvariantCulture, out var pid) && isOurs(pid))
            {
                await HostCommand.RunAsync("ip", "netns", "delete", name);
            }
        }
    }
}

/// <summary>A short command of this machine.</summary>
public static class HostCommand
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <returns>Its output.</returns>
    /// <exception cref="ChaosFailedException">It failed; the message has its words.</exception>
    public static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(Limit);
        return process.ExitCode == 0
            ? await output
            : throw new ChaosFailedException($"{program} {string.Join(' ', arguments)}: {(await errors).Trim()}");
    }
}
