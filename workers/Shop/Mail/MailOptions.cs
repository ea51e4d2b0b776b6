using System.Net;
using System.Net.Mail;

namespace CardShop.Shop.Mail;

/// <summary>How the connection to the mail server is kept private.</summary>
public enum MailSecurity
{
    /// <summary>STARTTLS, or no mail at all: a server that does not offer it gets nothing.</summary>
    StartTls,

    /// <summary>Plain text: for a relay on this machine.</summary>
    None,
}

/// <summary>
/// How buyers are written to; bound from the configuration section <c>Mail</c>. Without <see cref="Host"/> nobody is.
/// </summary>
public sealed record MailOptions
{
    public const string Section = "Mail";

    /// <summary>The SMTP server's name; empty = mail is off.</summary>
    public string? Host { get; init; }

    public int Port { get; init; } = 587;

    public MailSecurity Security { get; init; } = MailSecurity.StartTls;

    /// <summary>Null = the server takes mail without a login.</summary>
    public string? User { get; init; }

    public string? Password { get; init; }

    /// <summary>A file that holds the password, instead of <see cref="Password"/>.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>The sender: <c>keys@shop.example</c> or <c>Shop &lt;keys@shop.example&gt;</c>.</summary>
    public string From { get; init; } = string.Empty;

    /// <summary>Where the shop is, for the mail's text; null = not said.</summary>
    public Uri? ShopUrl { get; init; }

    /// <summary>Before the first repeat; each further gap is three times as long.</summary>
    public TimeSpan FirstRetry { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The longest gap between two tries.</summary>
    public TimeSpan LongestGap { get; init; } = TimeSpan.FromHours(3);

    /// <summary>How long one mail is tried.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromHours(24);

    /// <summary>For one mail, from the look-up of the server's name to its last answer.</summary>
    public TimeSpan SendTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Mails that one process has in hand at once.</summary>
    public int Concurrency { get; init; } = 4;

    /// <summary>How long it is remembered what was sent. Older events send no mail.</summary>
    public TimeSpan Keep { get; init; } = TimeSpan.FromDays(30);

    public bool IsOn => !string.IsNullOrWhiteSpace(Host);

    /// <summary>Throws with the setting's name and what it should hold; never with a value.</summary>
    /// <returns>The same, with the password of <see cref="PasswordFile"/>.</returns>
    public MailOptions Opened()
    {
        if (!IsOn)
        {
            return this;
        }

        Require(Uri.CheckHostName(Host) is not UriHostNameType.Unknown, nameof(Host), "a host name or an address");
        Require(Port is >= 1 and <= 65_535 and not 465, nameof(Port), "1 to 65535, and not 465: there TLS is expected without STARTTLS");
        Require(MailAddress.TryCreate(From, out _) && !From.Any(char.IsControl), nameof(From), "the sender's mail address");
        Require(ShopUrl is null or { IsAbsoluteUri: true, Scheme: "http" or "https" }, nameof(ShopUrl), "an http or https address");
        Require(FirstRetry > TimeSpan.Zero && FirstRetry <= LongestGap, nameof(FirstRetry), "more than 0 and at most LongestGap");
        Require(LongestGap <= Window, nameof(LongestGap), "at most Window");
        Require(Window <= TimeSpan.FromDays(7), nameof(Window), "at most 7 days");
        Require(
            SendTimeout > TimeSpan.Zero && SendTimeout < MailStore.Lease / 2, nameof(SendTimeout), "more than 0 and below 30 s");
        Require(Concurrency is >= 1 and <= 50, nameof(Concurrency), "1 to 50");
        Require(Keep >= TimeSpan.FromDays(1) && Keep > Window, nameof(Keep), "at least a day, and more than Window");
        return WithPassword();
    }

    /// <summary>Never the password.</summary>
    public override string ToString() => IsOn ? "(mail)" : "(no mail)";

    private MailOptions WithPassword()
    {
        Require(Password is null || PasswordFile is null, nameof(PasswordFile), "absent where Mail__Password is set");
        var password = Password;
        if (PasswordFile is not null)
        {
            try
            {
                password = File.ReadAllText(PasswordFile).TrimEnd('\r', '\n');
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new InvalidOperationException(
                    $"Setting {Section}__{nameof(PasswordFile)} names a file that cannot be read ({e.GetType().Name}).");
            }
        }

        Require(
            string.IsNullOrEmpty(User) == string.IsNullOrEmpty(password), nameof(User),
            "set together with Mail__Password or Mail__PasswordFile");
        Require(
            string.IsNullOrEmpty(User) || Security is not MailSecurity.None || IsThisMachine(), nameof(Security),
            "StartTls where there is a password, unless the server is this machine");
        return this with { Password = password };
    }

    private bool IsThisMachine() =>
        Host == "localhost" || (IPAddress.TryParse(Host, out var address) && IPAddress.IsLoopback(address));

    private static void Require(bool holds, string name, string what)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"Setting {Section}__{name} must be {what}.");
        }
    }
}
