using System.Security.Cryptography;
using System.Text;
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

    /// <summary>The bearer key of the operator <c>demo</c>, an admin of this instance alone.</summary>
    public string Operator => Known("demo", "admin", Get("operator.key"));

    /// <summary>The bearer key of the operator <c>demo-approver</c>, so that one person can try what takes two.</summary>
    public string Approver => Known("demo-approver", "approver", Get("approver.key"));

    /// <summary>Makes the key's owner known to the shop, as <c>shopctl operators add</c> does.</summary>
    private string Known(string name, string role, string key)
    {
        var path = Path.Combine(folder, $"operator-{name}.sha256");
        if (!File.Exists(path))
        {
            PrivateFile.Write(path, $"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))} {role}\n");
        }

        return key;
    }

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
