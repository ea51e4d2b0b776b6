using System.Globalization;
using CardShop.Local.Parts;
using CardShop.Local.Supervision;

namespace CardShop.Local.Instance;

/// <summary>Which part listens where: the port of the last start, else the usual one, else a free one.</summary>
public sealed class PortBook
{
    /// <summary>The ports that are tried first. All lie below those that the kernel gives to outgoing connections.</summary>
    public static readonly IReadOnlyDictionary<string, int> Usual = new Dictionary<string, int>
    {
        ["api"] = 8080,
        ["sandbox"] = 8090,
        ["fleet-orders"] = 8091,
        ["fleet-payments"] = 8092,
        ["fleet-delivery"] = 8093,
        ["fleet-notifications"] = 8094,
        ["logbroker"] = 19092,
        ["logbroker-metrics"] = 19093,
        ["postgres"] = 15432,
        ["rabbitmq"] = 15682,
        ["rabbitmq-management"] = 15683,
        ["rabbitmq-distribution"] = 15684,
        ["rabbitmq-names"] = 15685,
    };

    private readonly Dictionary<string, int> _ports;

    private PortBook(Dictionary<string, int> ports)
    {
        _ports = ports;
    }

    /// <summary>The port of a name in <see cref="Usual"/>.</summary>
    public int this[string name] => _ports[name];

    /// <summary>Chooses a free port for every name and writes them down for the next start.</summary>
    /// <param name="path">The book.</param>
    /// <param name="progress">Told of every port that was taken.</param>
    public static PortBook Open(string path, IProgressSink progress)
    {
        var remembered = Read(path);
        var chosen = new Dictionary<string, int>();
        foreach (var (name, usual) in Usual)
        {
            var wanted = remembered.GetValueOrDefault(name, usual);

            // The port of the last start yields to the usual one: what took that may be gone.
            var port = wanted != usual && FreePorts.IsFree(usual) && !chosen.ContainsValue(usual)
                ? usual
                : FreePorts.Near(wanted, chosen.Values);
            if (port != wanted && port != usual)
            {
                progress.Line($"port {wanted} of {name} is taken; it gets {port}");
            }

            chosen[name] = port;
        }

        File.WriteAllLines(path, chosen.Select(entry => string.Create(CultureInfo.InvariantCulture, $"{entry.Key}={entry.Value}")));
        return new PortBook(chosen);
    }

    /// <summary>
    /// Ports far from the usual ones, for a shop whose parts go down and come back: another one that starts on this machine
    /// meanwhile must not take the place of a part that is down, and answer in its name.
    /// </summary>
    public static PortBook Apart()
    {
        var chosen = new Dictionary<string, int>();
        foreach (var name in Usual.Keys)
        {
            chosen[name] = FreePorts.Pick(chosen.Values);
        }

        return new PortBook(chosen);
    }

    private static Dictionary<string, int> Read(string path)
    {
        var ports = new Dictionary<string, int>();
        foreach (var line in File.Exists(path) ? File.ReadAllLines(path) : [])
        {
            var words = line.Split('=');
            if (words.Length == 2 && int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var port)
                && port is > 0 and < 65536)
            {
                ports[words[0]] = port;
            }
        }

        return ports;
    }
}
