using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Confluent.Kafka;

namespace CardShop.Pipeline.Log;

/// <summary>The files, in PEM form, by which a process and Kafka know each other; settings <c>Kafka__Tls__…</c>.</summary>
/// <param name="CaFile">Who signed the brokers' certificates; setting <c>Kafka__Tls__CaFile</c>.</param>
/// <param name="CertificateFile">
/// This process's own, by which the broker's access lists know it; setting <c>Kafka__Tls__CertificateFile</c>. Null: it shows none.
/// </param>
/// <param name="KeyFile">The key of that certificate; setting <c>Kafka__Tls__KeyFile</c>.</param>
public sealed record KafkaTls(string CaFile, string? CertificateFile, string? KeyFile)
{
    public const string Prefix = "Kafka__Tls__";

    /// <param name="setting">A setting by the last part of its name: <c>CaFile</c>.</param>
    /// <returns>Null where none is set: Kafka is then spoken to in the clear.</returns>
    /// <exception cref="InvalidOperationException">Some are set and others are missing.</exception>
    public static KafkaTls? From(Func<string, string?> setting)
    {
        string? Of(string name) => setting(name) is { Length: > 0 } value ? value : null;
        var (ca, certificate, key) = (Of(nameof(CaFile)), Of(nameof(CertificateFile)), Of(nameof(KeyFile)));
        return (certificate is null) != (key is null)
            ? throw new InvalidOperationException(
                $"Settings {Prefix}{nameof(CertificateFile)} and {Prefix}{nameof(KeyFile)} belong together: set both or none.")
            : ca is not null ? new(ca, certificate, key)
            : certificate is null ? null
            : throw new InvalidOperationException(
                $"Setting {Prefix}{nameof(CaFile)} is missing: it holds the PEM file of who signed the brokers' certificates.");
    }

    /// <summary>The connection over TLS, for what asks Kafka without its client. Ends with the stream below it.</summary>
    /// <exception cref="IOException">A file cannot be used, or the broker is not who it should be.</exception>
    public async Task<SslStream> OverAsync(Stream stream, string host, CancellationToken cancellation)
    {
        var tls = new SslStream(stream);
        try
        {
            var chain = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            chain.CustomTrustStore.ImportFromPemFile(CaFile);
            await tls.AuthenticateAsClientAsync(
                new()
                {
                    TargetHost = host,
                    CertificateChainPolicy = chain,
                    ClientCertificates = CertificateFile is null
                        ? null : new X509Certificate2Collection(X509Certificate2.CreateFromPemFile(CertificateFile, KeyFile)),
                },
                cancellation);
            return tls;
        }
        catch (Exception e) when (e is AuthenticationException or CryptographicException or UnauthorizedAccessException)
        {
            await tls.DisposeAsync();
            throw new IOException($"TLS with Kafka failed: {e.Message}", e);
        }
    }
}

/// <summary>The same for Kafka's client.</summary>
public static class KafkaTlsConfig
{
    /// <returns>The same configuration; over TLS where that is set up.</returns>
    public static T Over<T>(this T config, KafkaTls? tls)
        where T : ClientConfig
    {
        if (tls is not null)
        {
            config.SecurityProtocol = SecurityProtocol.Ssl;
            config.SslCaLocation = tls.CaFile;
            config.SslCertificateLocation = tls.CertificateFile;
            config.SslKeyLocation = tls.KeyFile;
        }

        return config;
    }
}
