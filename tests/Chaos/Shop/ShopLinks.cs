using System.Globalization;
using CardShop.Local.Parts;
using CardShop.Tests.Chaos.Machine;

namespace CardShop.Tests.Chaos.Shop;

/// <summary>
/// The network between a shop's processes and its servers: to Kafka one way for all (a Kafka client goes where the broker
/// says it is), to PostgreSQL and RabbitMQ one of its own for every process.
/// </summary>
public sealed class ShopLinks : IAsyncDisposable
{
    private readonly Dictionary<string, List<TcpProxy>> _byServer = [];
    private readonly TimeProvider _time;

    /// <param name="kafka">The broker's own port.</param>
    /// <param name="kafkaAdvertised">The port that it names to its clients.</param>
    public ShopLinks(int kafka, int kafkaAdvertised, TimeProvider time)
    {
        _time = time;
        Add("kafka", new TcpProxy(kafkaAdvertised, kafka, time));
        KafkaPort = kafkaAdvertised;
    }

    /// <summary>Where clients find the log broker.</summary>
    public int KafkaPort { get; }

    /// <summary>The servers that can be cut off: kafka, postgres, rabbitmq, and PROCESS/postgres, PROCESS/rabbitmq.</summary>
    public IReadOnlyCollection<string> Names => _byServer.Keys;

    /// <summary>One more way of a process to a server.</summary>
    /// <returns>The port to connect to.</returns>
    public int Lead(string process, string server, int target)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var proxy = new TcpProxy(FreePorts.Pick(), target, _time);
                Add(server, proxy);
                Add($"{process}/{server}", proxy);
                return proxy.Port;
            }
            catch (System.Net.Sockets.SocketException) when (attempt < 5)
            {
                // Taken since it was found free.
            }
        }
    }

    /// <summary>Hurts, or mends, all ways of a name.</summary>
    public void Set(string name, Hurt hurt, TimeSpan delay = default, int bytesPerSecond = 0)
    {
        foreach (var proxy in _byServer[name])
        {
            proxy.Set(hurt, delay, bytesPerSecond);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var proxy in _byServer.Values.SelectMany(p => p).Distinct())
        {
            await proxy.DisposeAsync();
        }
    }

    /// <summary>An address with another port.</summary>
    public static string At(string uri, int port) =>
        new UriBuilder(uri) { Host = "127.0.0.1", Port = port }.Uri.AbsoluteUri.ToString(CultureInfo.InvariantCulture);

    private void Add(string name, TcpProxy proxy)
    {
        if (!_byServer.TryGetValue(name, out var list))
        {
            _byServer[name] = list = [];
        }

        list.Add(proxy);
    }
}
