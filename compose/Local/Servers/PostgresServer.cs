using System.Security.Cryptography;
using CardShop.Local.Parts;

namespace CardShop.Local.Servers;

/// <summary>A PostgreSQL of one's own, durable as in the shop, with an empty database <c>cardshop</c>.</summary>
public sealed class PostgresServer : LocalServer
{
    private readonly PostgresPart _part;

    private PostgresServer(PostgresPart part, TimeProvider? time)
        : base(part, part.DataDirectory, time)
    {
        _part = part;
    }

    /// <summary>The database <c>cardshop</c>, as Npgsql reads it.</summary>
    public string ConnectionString => _part.ConnectionString("cardshop");

    /// <summary>What to put before pgBackRest so that it works on the data as the server does.</summary>
    public IReadOnlyList<string> RunAs => _part.RunAs;

    /// <summary>Describes a server; <see cref="LocalServer.StartAsync"/> starts it.</summary>
    /// <param name="dataDirectory">Its data. An existing one of an earlier server needs that server's password.</param>
    /// <param name="port">Its port; a free one when 0.</param>
    /// <param name="password">The password; a random one when null.</param>
    /// <param name="sharedBuffersMegabytes">Memory of the page cache.</param>
    /// <param name="time">The clock for time limits.</param>
    /// <param name="backup">Where its WAL goes; null = nowhere.</param>
    public static PostgresServer Create(
        string dataDirectory, int port = 0, string? password = null, int sharedBuffersMegabytes = 256, TimeProvider? time = null,
        PostgresBackup? backup = null)
    {
        return new PostgresServer(
            new PostgresPart
            {
                Name = "postgres",
                Port = port == 0 ? FreePorts.Pick() : port,
                DataDirectory = Path.GetFullPath(dataDirectory),
                Password = password ?? RandomNumberGenerator.GetHexString(32, lowercase: true),
                SharedBuffersMegabytes = sharedBuffersMegabytes,
                Backup = backup,
            },
            time);
    }

    /// <summary>Another database of this server, as Npgsql reads it.</summary>
    public string ConnectionStringOf(string database) => _part.ConnectionString(database);
}
