using System.Net;
using System.Net.Mail;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using CardShop.Shop.Mail;
using CardShop.Tests.Integration.Servers;
using Xunit;

namespace CardShop.Tests.Integration.Shop;

public sealed class When_a_mail_server_is_called
{
    private const string Password = "mail-password-of-31c9";
    private static readonly NetworkCredential Login = new("shop", Password);
    private static readonly MailText Text = new("主题 / subject", "您好\n.\n..\nFrom here\n", null);

    [Fact]
    public async Task It_gets_the_mail_as_it_was_written_and_knows_a_repeat()
    {
        await using var server = SmtpServer.Start(login: Login);

        var first = await SendAsync(server);
        var second = await SendAsync(server);

        Assert.Equal((new(MailResult.Sent), new(MailResult.Sent)), (first, second));
        var mail = server.Mails[0];
        Assert.Equal(("keys@shop.example", "buyer@example.org"), (mail.From, mail.To));
        Assert.Equal(Text.Body, mail.Body.ReplaceLineEndings("\n"));
        Assert.Equal("auto-generated", mail.Header("Auto-Submitted"));
        Assert.All(server.Mails, m => Assert.Equal("<aorder.delivered@shop.example>", m.Header("Message-ID")));
    }

    [Theory]
    [InlineData(SmtpTrouble.Busy, MailResult.Failed, "SMTP 451")]
    [InlineData(SmtpTrouble.Reject, MailResult.Failed, "SMTP 554")]
    [InlineData(SmtpTrouble.NoSuchUser, MailResult.Refused, "SMTP 550")]
    [InlineData(SmtpTrouble.HangUp, MailResult.Failed, "the connection broke off")]
    [InlineData(SmtpTrouble.Silence, MailResult.Failed, "no answer in time")]
    internal async Task What_it_does_is_told_in_a_word_without_its_own_words(
        SmtpTrouble trouble, MailResult result, string error)
    {
        await using var server = SmtpServer.Start(login: Login);
        server.Trouble = _ => trouble;

        var answer = await SendAsync(server, o => o with { SendTimeout = TimeSpan.FromSeconds(2) });

        Assert.Equal(new(result, error), answer);
        Assert.Empty(server.Mails);
    }

    [Fact]
    public async Task One_that_is_away_or_refuses_the_login_is_a_failure()
    {
        var gone = SmtpServer.Start();
        await gone.DisposeAsync();
        await using var strict = SmtpServer.Start(login: new("shop", "another"));

        var away = await SendAsync(gone.Port);
        var refused = await SendAsync(strict);

        Assert.Equal(new(MailResult.Failed, "no connection: ConnectionRefused"), away);
        Assert.Equal(MailResult.Failed, refused.Result);
        Assert.StartsWith("SMTP 53", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_STARTTLS_or_with_a_certificate_that_nobody_vouches_for_it_gets_neither_password_nor_mail()
    {
        using var key = RSA.Create(2048);
        using var certificate = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        await using var plain = SmtpServer.Start(login: Login);
        await using var forged = SmtpServer.Start(login: Login, certificate: certificate);

        var toPlain = await SendAsync(plain, o => o with { Security = MailSecurity.StartTls });
        var toForged = await SendAsync(forged, o => o with { Security = MailSecurity.StartTls });

        Assert.Equal(MailResult.Failed, toPlain.Result);
        Assert.Equal(new(MailResult.Failed, "TLS failed: the server's certificate is not trusted"), toForged);
        Assert.DoesNotContain(plain.Commands.Concat(forged.Commands), c => c is "AUTH" or "MAIL" or "DATA");
    }

    private static Task<MailAnswer> SendAsync(SmtpServer server, Func<MailOptions, MailOptions>? change = null) =>
        SendAsync(server.Port, change);

    private static Task<MailAnswer> SendAsync(int port, Func<MailOptions, MailOptions>? change = null)
    {
        var options = new MailOptions
        {
            Host = "127.0.0.1",
            Port = port,
            Security = MailSecurity.None,
            User = Login.UserName,
            Password = Password,
            From = "Shop <keys@shop.example>",
        };
        return new SmtpCaller((change?.Invoke(options) ?? options).Opened(), TimeProvider.System).SendAsync(
            Text, new MailAddress("buyer@example.org"), "aorder.delivered", TestContext.Current.CancellationToken);
    }
}
