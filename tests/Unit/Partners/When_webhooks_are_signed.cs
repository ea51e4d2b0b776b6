using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CardShop.Shop.Keys;
using CardShop.Shop.Partners;
using Xunit;

namespace CardShop.Tests.Unit.Partners;

/// <summary>Standard Webhooks. The first vectors are published ones; the folder of vectors has more where it is at hand.</summary>
public sealed class When_webhooks_are_signed
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private const string Id = "msg_p5jXN8AQM9LWM0D4loKWxJek";

    [Theory]
    [InlineData(Secret, Id, 1614265330, """{"test": 2432232314}""", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")]
    [InlineData(
        "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", 1649367553,
        """{"email":"test@example.com","username":"test_user"}""", "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=")]
    public void The_published_signatures_come_out(string secret, string id, long timestamp, string payload, string expected) =>
        Assert.Equal(expected, Sign(secret, id, timestamp, payload));

    [Fact]
    public void So_do_those_of_the_folder_of_vectors()
    {
        if (Repository.Schemas is not { } folder || Path.Combine(folder, "vectors", "standard-webhooks.json") is var file && !File.Exists(file))
        {
            return;
        }

        using var json = JsonDocument.Parse(File.ReadAllBytes(file));
        var vectors = json.RootElement.GetProperty("signVectors").EnumerateArray()
            .Concat(json.RootElement.GetProperty("derivedSignVectors").GetProperty("vectors").EnumerateArray()).ToList();

        Assert.True(vectors.Count >= 6);
        Assert.All(vectors, v => Assert.Equal(
            v.GetProperty("expectedSignature").GetString(),
            Sign(
                v.GetProperty("secret").GetString()!, v.GetProperty("id").GetString()!, v.GetProperty("timestamp").GetInt64(),
                v.GetProperty("payload").GetString()!)));
    }

    [Fact]
    public void While_a_secret_is_changed_both_sign_the_newest_first()
    {
        var old = WebhookSignature.Parse(Secret);
        var fresh = new byte[32];

        var both = WebhookSignature.Of([fresh, old], Id, 1614265330, "{}"u8);

        Assert.Equal(
            [WebhookSignature.Of([fresh], Id, 1614265330, "{}"u8), WebhookSignature.Of([old], Id, 1614265330, "{}"u8)], both.Split(' '));
    }

    [Fact]
    public void A_secret_is_given_out_in_the_form_that_partners_can_read()
    {
        var secret = RandomNumberGenerator.GetBytes(32);

        Assert.Equal(secret, WebhookSignature.Parse(WebhookSignature.Text(secret)));
        Assert.StartsWith("whsec_", WebhookSignature.Text(secret), StringComparison.Ordinal);
    }

    [Fact]
    public void A_sealed_secret_opens_for_its_webhook_only_and_with_its_key_only()
    {
        var vault = new WebhookSecrets(new FixedKeyEncryptionKeys(new Dictionary<string, byte[]> { ["kek-1"] = new byte[32] }, "kek-1"));
        var kept = vault.Seal("wh_1", "secret"u8);

        Assert.Equal("secret"u8.ToArray(), vault.Open("wh_1", kept));
        Assert.ThrowsAny<CryptographicException>(() => vault.Open("wh_2", kept));
        Assert.ThrowsAny<CryptographicException>(() => vault.Open("wh_1", kept with { KeyEncryptionKey = "kek-2" }));
        Assert.DoesNotContain("secret", Encoding.Latin1.GetString(kept.Bytes), StringComparison.Ordinal);
    }

    private static string Sign(string secret, string id, long timestamp, string payload) =>
        WebhookSignature.Of([WebhookSignature.Parse(secret)], id, timestamp, Encoding.UTF8.GetBytes(payload));
}
