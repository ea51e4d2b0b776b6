using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using CardShop.Shop.Keys;
using CardShop.Shop.Orders;
using Microsoft.Extensions.Configuration;

namespace CardShop.Shopctl.Preflight;

/// <summary>Looks at this machine's files, disks and ports, and at certificates.</summary>
internal static class HostCollector
{
    private const int MaxFiles = 1_000;
    private const int MaxCertificateBytes = 64 * 1024;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    public static SecretsFacts Secrets(string directory)
    {
        if (!Directory.Exists(directory))
        {
            return new(directory, null, [], null, null, []);
        }

        var files = Directory.EnumerateFiles(directory).Take(MaxFiles).Select(f => new SecretFile(
            Path.GetFileName(f), OperatingSystem.IsWindows() ? UnixFileMode.None : File.GetUnixFileMode(f), IsPublic(f))).ToList();
        var facts = new SecretsFacts(
            directory, OperatingSystem.IsWindows() ? UnixFileMode.None : File.GetUnixFileMode(directory), files, null, null, [],
            // How Kubernetes swaps a whole volume at once.
            Directory.Exists(Path.Combine(directory, "..data")));
        try
        {
            var secrets = ShopSecrets.Open(directory);
            return facts with
            {
                SealFailure = TrySeal(secrets),
                Ids =
                [
                    .. secrets.KeyEncryptionKeys.Keys.Order(StringComparer.Ordinal)
                        .Select(k => k == secrets.CurrentKeyEncryptionKey ? k + " (seals)" : k),
                    .. secrets.Tokens.Keys.Order().Select(t => string.Create(CultureInfo.InvariantCulture, $"token-{t}")),
                    .. files.Where(f => f.Name.StartsWith("contact-2", StringComparison.Ordinal))
                        .Select(f => f.Name).Order(StringComparer.Ordinal).TakeLast(1).Select(n => n + " (last month key)"),
                ],
            };
        }
        catch (Exception e) when (e is InvalidOperationException or UnauthorizedAccessException)
        {
            return facts with { OpenFailure = e.Message };
        }
    }

    /// <summary>True for PEM files without a private key.</summary>
    private static bool IsPublic(string path)
    {
        try
        {
            if (!path.EndsWith(".pem", StringComparison.Ordinal) || new FileInfo(path).Length > MaxCertificateBytes)
            {
                return false;
            }

            var text = File.ReadAllText(path);
            return text.Contains("-----BEGIN ", StringComparison.Ordinal) && !text.Contains("PRIVATE", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static string? TrySeal(ShopSecrets secrets)
    {
        try
        {
            var vault = new KeyVault(secrets.Fingerprint, secrets.KeyEncryption);
            var trial = new PlainKey(null, "preflight");
            var made = vault.Seal("PREFLIGHT", trial);
            return vault.Open(made.Id, vault.Current, made.Sealed) == trial ? null : "a trial key came back changed";
        }
        catch (CryptographicException e)
        {
            return e.Message;
        }
    }

    /// <summary>Null where the folder is not on this machine.</summary>
    public static DiskFacts? Disk(string what, string path)
    {
        try
        {
            // A folder that is still to be made is on its parent's disk.
            var folder = new DirectoryInfo(path);
            while (!folder.Exists && folder.Parent is { } parent)
            {
                folder = parent;
            }

            var drive = new DriveInfo(folder.FullName);
            return new(what, path, drive.TotalSize, drive.AvailableFreeSpace);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Certificates in the files that the payment channels' settings name.</summary>
    public static IEnumerable<CertificateFacts> Certificates(IConfiguration configuration)
    {
        foreach (var (key, path) in configuration.GetSection("Channels").AsEnumerable())
        {
            if (path is not { Length: > 0 } || !key.EndsWith("File", StringComparison.Ordinal))
            {
                continue;
            }

            foreach (var certificate in Read(path, key, configuration))
            {
                using (certificate)
                {
                    yield return new(
                        key.Replace(ConfigurationPath.KeyDelimiter, "__", StringComparison.Ordinal),
                        certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false),
                        new DateTimeOffset(certificate.NotAfter.ToUniversalTime()));
                }
            }
        }
    }

    /// <summary>Whether a file can be used at all is the payment channels' own check; here it counts only if it is one.</summary>
    private static IReadOnlyList<X509Certificate2> Read(string path, string key, IConfiguration configuration)
    {
        try
        {
            if (new FileInfo(path) is not { Exists: true, Length: < MaxCertificateBytes })
            {
                return [];
            }

            if (key.EndsWith("PfxFile", StringComparison.Ordinal))
            {
                var profile = key[..^"PfxFile".Length];
                var password = configuration[profile + "PfxPassword"]
                    ?? (configuration[profile + "PfxPasswordFile"] is { Length: > 0 } file ? File.ReadAllText(file).Trim() : null);
                return [X509CertificateLoader.LoadPkcs12FromFile(path, password)];
            }

            var found = new X509Certificate2Collection();
            found.ImportFromPem(File.ReadAllText(path));
            return [.. found];
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>The certificate that a server shows at the first byte; it is only looked at, nothing is sent.</summary>
    public static async Task<CertificateFacts> OfServerAsync(string where, string host, int port, CancellationToken cancellation)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(host, port, cancellation).AsTask().WaitAsync(Limit, cancellation);
        X509Certificate2? shown = null;
        await using var tls = new SslStream(client.GetStream());
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = host,
                // Whether it is trusted is for those to say who talk to it; here only its dates count.
#pragma warning disable CA5359
                RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                {
                    shown = certificate is null ? null : X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
                    return true;
                },
#pragma warning restore CA5359
            },
            cancellation).WaitAsync(Limit, cancellation);
        using (shown)
        {
            return new(
                where, shown?.GetNameInfo(X509NameType.SimpleName, forIssuer: false) ?? "?",
                shown is null ? DateTimeOffset.MinValue : new DateTimeOffset(shown.NotAfter.ToUniversalTime()),
                tls.SslProtocol.ToString());
        }
    }

    /// <summary>Whether something of this machine listens on a port: it can then not be bound.</summary>
    public static bool IsTaken(int port)
    {
        foreach (var address in new[] { IPAddress.Loopback, IPAddress.Any })
        {
            try
            {
                using var listener = new TcpListener(address, port) { ExclusiveAddressUse = true };
                listener.Start();
            }
            catch (SocketException)
            {
                return true;
            }
        }

        return false;
    }
}
