using System.Security.Cryptography;
using System.Text;
using CardShop.Shop.Keys;

namespace CardShop.Shop.Partners;

/// <summary>A secret as the database has it.</summary>
/// <param name="KeyEncryptionKey">Which key sealed it.</param>
public sealed record SealedSecret(string KeyEncryptionKey, byte[] Bytes);

/// <summary>
/// Seals and opens webhooks' signing secrets: AES-256-GCM under a named key-encryption key, the webhook's id
/// authenticated with it.
/// </summary>
public sealed class WebhookSecrets(IKeyEncryptionKeys keyEncryptionKeys)
{
    private const int NonceLength = 12;
    private const int TagLength = 16;

    public SealedSecret Seal(string webhook, ReadOnlySpan<byte> secret)
    {
        var current = keyEncryptionKeys.Current;
        var target = new byte[NonceLength + secret.Length + TagLength];
        RandomNumberGenerator.Fill(target.AsSpan(0, NonceLength));
        using var aes = new AesGcm(keyEncryptionKeys.Find(current) ?? throw Unknown(webhook), TagLength);
        aes.Encrypt(
            target.AsSpan(0, NonceLength), secret, target.AsSpan(NonceLength, secret.Length),
            target.AsSpan(NonceLength + secret.Length), Bound(webhook));
        return new(current, target);
    }

    /// <summary>Throws <see cref="CryptographicException"/> where it was changed, or its key is not among the secrets.</summary>
    public byte[] Open(string webhook, SealedSecret secret)
    {
        if (keyEncryptionKeys.Find(secret.KeyEncryptionKey) is not { } key || secret.Bytes.Length < NonceLength + TagLength)
        {
            throw Unknown(webhook);
        }

        var plain = new byte[secret.Bytes.Length - NonceLength - TagLength];
        using var aes = new AesGcm(key, TagLength);
        aes.Decrypt(
            secret.Bytes.AsSpan(0, NonceLength), secret.Bytes.AsSpan(NonceLength, plain.Length),
            secret.Bytes.AsSpan(NonceLength + plain.Length), plain, Bound(webhook));
        return plain;
    }

    private static CryptographicException Unknown(string webhook) =>
        new($"The secret of webhook {webhook} cannot be sealed or opened with this process's keys.");

    private static byte[] Bound(string webhook) => Encoding.UTF8.GetBytes("webhook|" + webhook);
}
