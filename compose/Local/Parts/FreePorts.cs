using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace CardShop.Local.Parts;

/// <summary>Ports on 127.0.0.1 that nobody listens on.</summary>
public static class FreePorts
{
    // Below the kernel's own range (32768 up): an outgoing connection must not sit on a port that a restart needs.
    private const int Lowest = 20000;
    private const int Beyond = 32000;
    private const int Attempts = 500;

    /// <summary>Could a server listen there now?</summary>
    public static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Some free port, not one of <paramref name="except"/>.</summary>
    public static int Pick(params IReadOnlyCollection<int> except)
    {
        for (var i = 0; i < Attempts; i++)
        {
            var port = RandomNumberGenerator.GetInt32(Lowest, Beyond);
            if (!except.Contains(port) && IsFree(port))
            {
                return port;
            }
        }

        throw new InvalidOperationException($"No free port between {Lowest} and {Beyond}.");
    }

    /// <summary>The wanted port, or the next free one after it.</summary>
    public static int Near(int wanted, IReadOnlyCollection<int> except)
    {
        for (var port = wanted; port < wanted + Attempts; port++)
        {
            if (!except.Contains(port) && IsFree(port))
            {
                return port;
            }
        }

        return Pick(except);
    }
}
