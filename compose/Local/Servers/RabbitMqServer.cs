using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using CardShop.Local.Parts;

namespace CardShop.Local.Servers;

/// <summary>A RabbitMQ node of one's own with the virtual host <c>/</c>.</summary>
public sealed class RabbitMqServer : LocalServer
{
    private readonly RabbitMqPart _part;

    private RabbitMqServer(RabbitMqPart part, TimeProvider? time)
        : base(part, part.DataDirectory, time)
    {
        _part = part;
    }

    /// <summary>The virtual host <c>/</c>, as an AMQP address.</summary>
    public string Uri => _part.Uri();

    /// <summary>The HTTP management interface, with user and password.</summary>
    public Uri ManagementUri =>
        new(string.Create(CultureInfo.InvariantCulture, $"http://{RabbitMqPart.User}:{_part.Password}@127.0.0.1:{_part.ManagementPort}/"));

    /// <summary>Describes a server; <see cref="LocalServer.StartAsync"/> starts it.</summary>
    /// <param name="dataDirectory">Its data. An existing one of an earlier server needs that server's password.</param>
    /// <param name="port">Its port; a free one when 0. The ports of its other services are always picked free.</param>
    /// <param name="password">The password; a random one when null.</param>
    /// <param name="time">The clock for time limits.</param>
    public static RabbitMqServer Create(string dataDirectory, int port = 0, string? password = null, TimeProvider? time = null)
    {
        var amqp = port == 0 ? FreePorts.Pick() : port;
        var management = FreePorts.Pick(amqp);
        var distribution = FreePorts.Pick(amqp, management);
        return new RabbitMqServer(
            new RabbitMqPart
            {
                Name = "rabbitmq",
                Port = amqp,
                ManagementPort = management,
                DistributionPort = distribution,
                NameServerPort = FreePorts.Pick(amqp, management, distribution),
                DataDirectory = Path.GetFullPath(dataDirectory),
                Password = password ?? RandomNumberGenerator.GetHexString(32, lowercase: true),
            },
            time);
    }

    /// <summary>Another virtual host of this node, as an AMQP address.</summary>
    public string UriOf(string vhost) => _part.Uri(vhost);

    /// <summary>Creates a virtual host in which the server's user may do everything.</summary>
    /// <param name="management">The management interface, with user and password.</param>
    /// <param name="vhost">Its name.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task CreateVhostAsync(Uri management, string vhost, CancellationToken cancellationToken)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = new UriBuilder(management) { UserName = "", Password = "" }.Uri,
            Timeout = TimeSpan.FromSeconds(20),
        };
        var user = management.UserInfo.Split(':', 2);
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(System.Uri.UnescapeDataString(management.UserInfo))));
        var name = System.Uri.EscapeDataString(vhost);
        await PutAsync($"api/vhosts/{name}", "{}");
        await PutAsync($"api/permissions/{name}/{user[0]}", """{"configure":".*","write":".*","read":".*"}""");

        async Task PutAsync(string path, string body)
        {
            using var content = new StringContent(body, Encoding.UTF8, "application/json");
            using var response = await http.PutAsync(new Uri(path, UriKind.Relative), content, cancellationToken);
            response.EnsureSuccessStatusCode();
        }
    }
}
