using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace CardShop.Tests.Integration.Shop.Secrecy;

/// <summary>Every secret that a shop's settings and its folder of secrets hold.</summary>
public static class KnownSecrets
{
    private const int HexLength = 64;

    public static void Add(SecretSearch search, RunningShop shop)
    {
        foreach (var file in Directory.GetFiles(shop.Settings["Secrets:Directory"]))
        {
            AddFile(search, file);
        }

        AddDatabase(search, shop.Settings["Postgres:ConnectionString"]);
        AddBroker(search, shop.Settings["RabbitMq:Uri"]);
    }

    public static void AddDatabase(SecretSearch search, string connectionString)
    {
        if (new NpgsqlConnectionStringBuilder(connectionString).Password is { Length: > 7 } password)
        {
            search.Add("database password", password);
        }
    }

    public static void AddBroker(SecretSearch search, string uri)
    {
        // A server that is not the run's own may have RabbitMQ's well-known password, which is no secret.
        if (new Uri(uri).UserInfo.Split(':') is [_, { Length: > 7 } password])
        {
            search.Add("RabbitMQ password", Uri.UnescapeDataString(password));
        }
    }

    private static void AddFile(SecretSearch search, string file)
    {
        var name = Path.GetFileName(file);
        var text = File.ReadAllText(file).Trim();
        if (text.Contains("PRIVATE KEY-----", StringComparison.Ordinal))
        {
            AddPrivateKey(search, name, text);
        }
        else if (text.Length == HexLength && text.All(char.IsAsciiHexDigit))
        {
            // HMAC secrets, key-encryption keys, token secrets, month keys.
            search.Add(name, Convert.FromHexString(text));
        }
        else if (name.EndsWith(".key", StringComparison.Ordinal))
        {
            search.Add(name, text);
        }
    }

    private static void AddPrivateKey(SecretSearch search, string name, string text)
    {
        using var rsa = RSA.Create();
        var label = text.IndexOf("PRIVATE KEY-----", StringComparison.Ordinal);
        var end = text.IndexOf("-----END", label, StringComparison.Ordinal);
        rsa.ImportFromPem(text.AsSpan(text.LastIndexOf("-----BEGIN", label, StringComparison.Ordinal)..(text.IndexOf('\n', end) is var line and > 0 ? line : text.Length)));
        var secret = rsa.ExportParameters(includePrivateParameters: true);
        search.Add(name + " (exponent)", secret.D!);
        search.Add(name + " (prime)", secret.P!);

        // Whole lines of the key's own part: the header is no secret.
        var lines = text[label..end].Split('\n');
        foreach (var one in lines.Skip(lines.Length / 2).Where(l => l.Trim().Length == 64).Take(3))
        {
            search.Add(name + " (text)", Encoding.ASCII.GetBytes(one.Trim()));
        }
    }
}
