using System.Security.Cryptography;
using CardShop.Local.Parts;

namespace CardShop.Tests.Chaos.Drills.Machines;

/// <summary>Ports of what goes down and comes back: nobody else on this machine picks there meanwhile.</summary>
internal sealed class DrillPorts
{
    // Beside those of FreePorts and of a shop of compose/up.
    private const int Lowest = 10_000;
    private const int Beyond = 15_000;

    private readonly HashSet<int> _taken = [];

    /// <summary>One that nobody listens on.</summary>
    public int Next()
    {
        while (true)
        {
            var port = RandomNumberGenerator.GetInt32(Lowest, Beyond);
            if (FreePorts.IsFree(port) && _taken.Add(port))
            {
                return port;
            }
        }
    }
}
