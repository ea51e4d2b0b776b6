using CardShop.Fleet;
using CardShop.Shop.Mail;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace CardShop.Tests.Unit.Mail;

public sealed class When_mail_is_set_up : IDisposable
{
    private const string Password = "a-password-of-7f3a";
    private readonly string _file = Path.GetTempFileName();

    private static readonly Dictionary<string, string?> Right = new()
    {
        ["Kafka:BootstrapServers"] = "127.0.0.1:1",
        ["RabbitMq:Uri"] = "amqp://127.0.0.1:1/",
        ["Postgres:ConnectionString"] = "Host=127.0.0.1",
        ["Secrets:Directory"] = "secrets",
        ["Mail:Host"] = "smtp.example.org",
        ["Mail:From"] = "Shop <keys@example.org>",
        ["Mail:User"] = "keys",
        ["Mail:Password"] = Password,
        ["Mail:ShopUrl"] = "https://shop.example.org/",
    };

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(" ")]
    public void It_is_off_without_a_server(string? host) => Assert.False(Read(("Mail:Host", host)).IsOn);

    [Fact]
    public void It_is_on_with_a_server_a_sender_and_a_login()
    {
        var mail = Read();

        Assert.True(mail.IsOn);
        Assert.Equal((587, MailSecurity.StartTls, Password), (mail.Port, mail.Security, mail.Password));
        Assert.DoesNotContain(Password, $"{mail}", StringComparison.Ordinal);
    }

    [Fact]
    public void The_password_may_stand_in_a_file()
    {
        File.WriteAllText(_file, Password + "\n");

        Assert.Equal(Password, Read(("Mail:Password", null), ("Mail:PasswordFile", _file)).Password);
    }

    [Fact]
    public void A_relay_on_this_machine_needs_neither_TLS_nor_login() => Assert.True(
        Read(("Mail:Host", "127.0.0.1"), ("Mail:Port", "25"), ("Mail:Security", "none"), ("Mail:User", null), ("Mail:Password", null)).IsOn);

    [Theory]
    [InlineData("Mail__Host", "Mail:Host", "smtp example")]
    [InlineData("Mail__Port", "Mail:Port", "0")]
    [InlineData("Mail__Port", "Mail:Port", "465")]
    [InlineData("Mail:Port", "Mail:Port", "smtp")]
    [InlineData("Mail__From", "Mail:From", null)]
    [InlineData("Mail__From", "Mail:From", "the shop")]
    [InlineData("Mail__From", "Mail:From", "keys@example.org\nBcc: x@example.org")]
    [InlineData("Mail__User", "Mail:User", null)]
    [InlineData("Mail__User", "Mail:Password", null)]
    [InlineData("Mail__PasswordFile", "Mail:PasswordFile", "/nonexistent")]
    [InlineData("Mail__Security", "Mail:Security", "none")]
    [InlineData("Mail:Security", "Mail:Security", "ssl")]
    [InlineData("Mail__ShopUrl", "Mail:ShopUrl", "shop.example.org")]
    [InlineData("Mail__FirstRetry", "Mail:FirstRetry", "00:00:00")]
    [InlineData("Mail__LongestGap", "Mail:LongestGap", "2.00:00:00")]
    [InlineData("Mail__Window", "Mail:Window", "8.00:00:00")]
    [InlineData("Mail__SendTimeout", "Mail:SendTimeout", "00:00:30")]
    [InlineData("Mail__Concurrency", "Mail:Concurrency", "0")]
    [InlineData("Mail__Keep", "Mail:Keep", "01:00:00")]
    [InlineData("Passwort", "Mail:Passwort", "x")]
    public void What_is_wrong_is_named_at_the_start_and_no_password_with_it(string named, string setting, string? value)
    {
        var failure = Assert.Throws<InvalidOperationException>(() => Read((setting, value)));

        Assert.Contains(named, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Password, failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_password_file_that_cannot_be_read_is_named_at_the_start()
    {
        var failure = Assert.Throws<InvalidOperationException>(
            () => Read(("Mail:Password", null), ("Mail:PasswordFile", _file + ".absent")));

        Assert.Contains("Mail__PasswordFile names a file that cannot be read", failure.Message, StringComparison.Ordinal);
    }

    public void Dispose() => File.Delete(_file);

    private static MailOptions Read(params (string Name, string? Value)[] changes)
    {
        var settings = new Dictionary<string, string?>(Right);
        foreach (var (name, value) in changes)
        {
            settings[name] = value;
        }

        return FleetSettings.From(new ConfigurationBuilder().AddInMemoryCollection(settings).Build()).Mail;
    }
}
