using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using CardShop.Local.Processes;

namespace CardShop.Tests.Chaos.Drills.Machines;

/// <summary>
/// Hosts as network namespaces, each with an <c>eth0</c> at one bridge that stands for the switch between them. Everything
/// carries the number of this process in its name, and goes with it.
/// </summary>
internal sealed class DrillNetwork : IAsyncDisposable
{
    private const string Prefix = "csdrill";

    private readonly List<string> _hosts = [];
    private readonly string _own = string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Environment.ProcessId}");

    private DrillNetwork(string subnet)
    {
        Subnet = subnet;
    }

    /// <summary>The first three numbers of every address.</summary>
    public string Subnet { get; }

    /// <summary>The switch, with an address of this machine's own: <c>.1</c>.</summary>
    public static async Task<DrillNetwork> CreateAsync(CancellationToken cancel)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            throw new ChaosFailedException("Only root may make network namespaces: run this drill as root.");
        }

        var routes = await OutputAsync(["ip", "-o", "addr"], cancel) + await OutputAsync(["ip", "route"], cancel);
        var third = Enumerable.Range(0, 200).Select(i => 20 + i)
            .First(i => !routes.Contains($"10.213.{i}.", StringComparison.Ordinal));
        var network = new DrillNetwork($"10.213.{third}");
        try
        {
            await Ip(cancel, "link", "add", network._own, "type", "bridge");
            await Ip(cancel, "addr", "add", network.Subnet + ".1/24", "dev", network._own);
            await Ip(cancel, "link", "set", network._own, "up");
        }
        catch
        {
            await network.DisposeAsync();
            throw;
        }

        return network;
    }

    /// <summary>More addresses of this machine, for buyers who come from different places.</summary>
    public async Task AddAddressesAsync(IEnumerable<string> addresses, CancellationToken cancel)
    {
        foreach (var address in addresses)
        {
            await Ip(cancel, "addr", "add", address + "/32", "dev", _own);
        }
    }

    /// <summary>A host with an address on the switch.</summary>
    /// <param name="letter">One letter, its name.</param>
    /// <param name="last">The last number of its address.</param>
    public async Task<DrillHost> AddHostAsync(char letter, int last, CancellationToken cancel)
    {
        var name = _own + letter;
        _hosts.Add(name);
        await Ip(cancel, "netns", "add", name);
        await Ip(cancel, "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name);
        await Ip(cancel, "link", "set", name, "master", _own, "up");
        await Ip(cancel, "-n", name, "link", "set", "lo", "up");
        await Ip(cancel, "-n", name, "link", "set", "eth0", "up");
        await Ip(cancel, "-n", name, "addr", "add", string.Create(CultureInfo.InvariantCulture, $"{Subnet}.{last}/24"), "dev", "eth0");
        return new(name);
    }

    /// <summary>Removes networks of drills that are gone.</summary>
    /// <param name="isGone">Whether the process of that number is no drill.</param>
    public static void RemoveLeftovers(Func<int, bool> isGone)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return;
        }

        var found = Directory.Exists("/run/netns") ? Directory.EnumerateFiles("/run/netns").Select(f => Path.GetFileName(f)!) : [];
        foreach (var name in found.Where(n => IsLeft(n, isGone)))
        {
            Run("ip", "netns", "delete", name);
        }

        foreach (var name in Directory.EnumerateDirectories("/sys/class/net").Select(f => Path.GetFileName(f)!).Where(n => IsLeft(n, isGone)))
        {
            Run("ip", "link", "delete", name);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in _hosts)
        {
            await OutputAsync(["ip", "netns", "delete", host], CancellationToken.None);
        }

        await OutputAsync(["ip", "link", "delete", _own], CancellationToken.None);
    }

    internal static async Task Ip(CancellationToken cancel, params string[] arguments)
    {
        using var process = Start("ip", arguments);
        var words = await process.StandardError.ReadToEndAsync(cancel);
        await process.WaitForExitAsync(cancel);
        if (process.ExitCode != 0)
        {
            throw new ChaosFailedException($"ip {string.Join(' ', arguments)}: {words.Trim()}");
        }
    }

    internal static async Task<string> OutputAsync(IReadOnlyList<string> command, CancellationToken cancel)
    {
        using var process = Start(command[0], [.. command.Skip(1)]);
        var errors = process.StandardError.ReadToEndAsync(cancel);
        var output = await process.StandardOutput.ReadToEndAsync(cancel);
        await errors;
        await process.WaitForExitAsync(cancel);
        return output;
    }

    private static bool IsLeft(string name, Func<int, bool> isGone) =>
        name.StartsWith(Prefix, StringComparison.Ordinal)
        && int.TryParse(name[Prefix.Length..].TrimEnd('a', 'b', 'c', 'd'), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
        && isGone(pid);

    private static void Run(string program, params string[] arguments)
    {
        using var process = Start(program, arguments);
        process.WaitForExit(TimeSpan.FromSeconds(10));
    }

    private static Process Start(string program, string[] arguments) => Process.Start(new ProcessStartInfo(program, arguments)
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;
}

/// <summary>One host of a drill's network.</summary>
/// <param name="Name">Its namespace, and the name of its plug at the switch.</param>
internal sealed record DrillHost(string Name)
{
    /// <summary>What to put before a command so that it runs on this host.</summary>
    public IReadOnlyList<string> RunAs => ["ip", "netns", "exec", Name];

    /// <summary>Runs a command here instead of there.</summary>
    public ChildCommand Here(ChildCommand command) => command with { RunAs = [.. RunAs, .. command.RunAs] };

    /// <summary>Pulls the plug, or puts it back.</summary>
    public Task PlugAsync(bool isIn, CancellationToken cancel) => DrillNetwork.Ip(cancel, "link", "set", Name, isIn ? "up" : "down");

    /// <summary>Does this host hold the address?</summary>
    public async Task<bool> HoldsAsync(string address, CancellationToken cancel)
    {
        using var interfaces = JsonDocument.Parse(
            await DrillNetwork.OutputAsync(["ip", "-n", Name, "-j", "addr", "show", "dev", "eth0"], cancel));
        return interfaces.RootElement.EnumerateArray()
            .SelectMany(i => i.TryGetProperty("addr_info", out var addresses) ? addresses.EnumerateArray().ToArray() : [])
            .Any(a => a.TryGetProperty("local", out var local) && local.GetString() == address);
    }
}
