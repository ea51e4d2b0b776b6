using System.Globalization;
using CardShop.Local.Parts;

namespace CardShop.Local.Servers;

/// <summary>A LogBroker of one's own, as a process.</summary>
public sealed class LogBrokerServer : LocalServer
{
    private LogBrokerServer(LogBrokerPart part, TimeProvider? time)
        : base(part, part.DataDirectory, time)
    {
    }

    /// <summary>Its address for Kafka clients.</summary>
    public string BootstrapServers => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port}");

    /// <summary>Describes a server; <see cref="LocalServer.StartAsync"/> starts it.</summary>
    /// <param name="dataDirectory">Its data.</param>
    /// <param name="port">Its port; a free one when 0.</param>
    /// <param name="time">The clock for time limits.</param>
    public static LogBrokerServer Create(string dataDirectory, int port = 0, TimeProvider? time = null)
    {
        return new LogBrokerServer(
            new LogBrokerPart
            {
                Name = "logbroker",
                Port = port == 0 ? FreePorts.Pick() : port,
                DataDirectory = Path.GetFullPath(dataDirectory),
            },
            time);
    }
}
