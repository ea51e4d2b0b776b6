using System.Security.Cryptography;
using System.Text;

namespace CardShop.Shop.Channels.WeChat;

/// <summary>
/// AEAD_AES_256_GCM as notifications use it: the key is the APIv3 key's 32 bytes, the ciphertext is Base64 and its last
/// 16 bytes are the tag. Public: the sandbox encrypts by the same rules.
/// </summary>
public static class WeChatCipher
{
    public const string Algorithm = "AEAD_AES_256_GCM";
    public const int KeyBytes = 32;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    public static string Encrypt(ReadOnlySpan<byte> key, string nonce, string associatedData, ReadOnlySpan<byte> plain)
    {
        var sealedBytes = new byte[plain.Length + TagBytes];
        using var aes = new AesGcm(key, TagBytes);
        aes.Encrypt(
            Encoding.UTF8.GetBytes(nonce), plain, sealedBytes.AsSpan(0, plain.Length),
            sealedBytes.AsSpan(plain.Length), Encoding.UTF8.GetBytes(associatedData));
        return Convert.ToBase64String(sealedBytes);
    }

    /// <summary>The plain bytes; null for whatever this key did not seal.</summary>
    /// <param name="associatedData">Missing and empty are the same.</param>
    public static byte[]? Decrypt(ReadOnlySpan<byte> key, string nonce, string? associatedData, string ciphertext)
    {
        var nonceBytes = Encoding.UTF8.GetBytes(nonce);
        var sealedBytes = new byte[((ciphertext.Length / 4) + 1) * 3];
        if (nonceBytes.Length != NonceBytes
            || !Convert.TryFromBase64String(ciphertext, sealedBytes, out var length) || length < TagBytes)
        {
            return null;
        }

        var plain = new byte[length - TagBytes];
        using var aes = new AesGcm(key, TagBytes);
        try
        {
            aes.Decrypt(
                nonceBytes, sealedBytes.AsSpan(0, plain.Length), sealedBytes.AsSpan(plain.Length, TagBytes), plain,
                Encoding.UTF8.GetBytes(associatedData ?? ""));
            return plain;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }
}
