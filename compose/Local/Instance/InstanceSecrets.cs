using System.Security.Cryptography;
using CardShop.Local.Processes;

namespace CardShop.Local.Instance;

/// <summary>Passwords of this instance alone, each made once and kept in a file that only the owner may read.</summary>
/// <param name="folder">The folder of the secrets.</param>
public sealed class InstanceSecrets(string folder)
{
    /// <summary>The password of PostgreSQL's user.</summary>
    public string Postgres => Get("postgres.password");

    /// <summary>The password of RabbitMQ's user.</summary>
    public string RabbitMq => Get("rabbitmq.password");

    /// <summary>The bearer key of the demo operator.</summary>
    public string Operator => Get("operator.key");

    private string Get(string name)
    {
        var path = Path.Combine(folder, name);
        if (!File.Exists(path))
        {
            PrivateFile.CreateFolder(folder);
            PrivateFile.Write(path, RandomNumberGenerator.GetHexString(40, lowercase: true));
        }

        return File.ReadAllText(path).Trim();
    }
}
