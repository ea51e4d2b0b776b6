using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace CardShop.Tests.Integration.Servers;

/// <summary>What a server does with a connection.</summary>
internal enum SmtpTrouble
{
    None,

    /// <summary>451 after the mail.</summary>
    Busy,

    /// <summary>554 after the mail.</summary>
    Reject,

    /// <summary>550 to the recipient.</summary>
    NoSuchUser,

    /// <summary>The connection ends in the middle of the mail.</summary>
    HangUp,

    /// <summary>Not a word.</summary>
    Silence,
}

/// <summary>
/// A small SMTP server (RFC 5321, AUTH LOGIN, STARTTLS) that does as it is told. Mails stay in memory: they hold key text.
/// </summary>
internal sealed class SmtpServer : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<ReceivedMail> _mails = new();
    private readonly ConcurrentQueue<string> _commands = new();
    private readonly ConcurrentBag<Task> _running = [];
    private int _connections;

    private SmtpServer(int port)
    {
        _listener = new(IPAddress.Loopback, port);
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _running.Add(AcceptAsync());
    }

    public int Port { get; }

    /// <summary>By a connection's number, from 1.</summary>
    public Func<int, SmtpTrouble> Trouble { get; set; } = _ => SmtpTrouble.None;

    /// <summary>Done before a mail is taken.</summary>
    public Func<ReceivedMail, Task> Taking { get; set; } = _ => Task.CompletedTask;

    /// <summary>Who may send, and with which password; null = anybody.</summary>
    public NetworkCredential? Login { get; init; }

    /// <summary>With one, STARTTLS is offered.</summary>
    public X509Certificate2? Certificate { get; init; }

    public int Connections => Volatile.Read(ref _connections);

    public IReadOnlyList<ReceivedMail> Mails => [.. _mails];

    /// <summary>The first word of every line that was a command.</summary>
    public IReadOnlyList<string> Commands => [.. _commands];

    public static SmtpServer Start(int port = 0, NetworkCredential? login = null, X509Certificate2? certificate = null) =>
        new(port) { Login = login, Certificate = certificate };

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await Task.WhenAll(_running);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _running.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var trouble = Trouble(Interlocked.Increment(ref _connections));
                if (trouble is SmtpTrouble.Silence)
                {
                    await Task.Delay(Timeout.Infinite, _stop.Token);
                }

                await TalkAsync(client.GetStream(), trouble, isSecret: false);
            }
            catch (Exception e) when (e is OperationCanceledException or IOException or System.Security.Authentication.AuthenticationException)
            {
                // Whoever called is gone.
            }
        }
    }

    private async Task TalkAsync(Stream stream, SmtpTrouble trouble, bool isSecret)
    {
        using var reader = new StreamReader(stream, Encoding.Latin1, false, 1024, leaveOpen: true);
        var talk = new Talk(stream, reader, trouble, isSecret) { IsLoggedIn = Login is null };
        if (!isSecret)
        {
            await SayAsync(talk, "220 test ESMTP");
        }

        while (await reader.ReadLineAsync(_stop.Token) is { } line && await AnswerAsync(talk, line))
        {
            // The next one.
        }
    }

    /// <returns>False where the connection ends.</returns>
    private async Task<bool> AnswerAsync(Talk talk, string line)
    {
        var verb = line.Split(' ', ':')[0].ToUpperInvariant();
        _commands.Enqueue(verb);
        switch (verb)
        {
            case "EHLO":
                await SayAsync(talk, "250-test");
                await SayAsync(talk, Certificate is not null && !talk.IsSecret ? "250-STARTTLS" : "250-8BITMIME");
                await SayAsync(talk, "250 AUTH LOGIN");
                return true;
            case "STARTTLS":
                await SecureAsync(talk);
                return false;
            case "AUTH":
                await LogInAsync(talk, line);
                return true;
            case "MAIL":
                talk.From = Address(line);
                await SayAsync(talk, talk.IsLoggedIn ? "250 ok" : "530 log in first");
                return true;
            case "RCPT":
                talk.To = Address(line);
                await SayAsync(talk, talk.Trouble == SmtpTrouble.NoSuchUser ? $"550 no such user: {talk.To}" : "250 ok");
                return true;
            case "DATA":
                await SayAsync(talk, "354 go on");
                return await TakeAsync(talk);
            default:
                await SayAsync(talk, verb == "QUIT" ? "221 bye" : "500 what?");
                return verb != "QUIT";
        }
    }

    private async Task SecureAsync(Talk talk)
    {
        await SayAsync(talk, "220 go ahead");
        await using var tls = new SslStream(talk.Stream, leaveInnerStreamOpen: true);
        await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = Certificate! }, _stop.Token);
        await TalkAsync(tls, talk.Trouble, isSecret: true);
    }

    private async Task LogInAsync(Talk talk, string line)
    {
        await SayAsync(talk, "334 UGFzc3dvcmQ6");
        var password = Text(await talk.Reader.ReadLineAsync(_stop.Token) ?? string.Empty);
        talk.IsLoggedIn = Login is not null && Text(line.Split(' ')[^1]) == Login.UserName && password == Login.Password;
        await SayAsync(talk, talk.IsLoggedIn ? "235 welcome" : "535 no");
    }

    private async Task<bool> TakeAsync(Talk talk)
    {
        if (talk.Trouble == SmtpTrouble.HangUp)
        {
            return false;
        }

        var mail = new ReceivedMail(talk.From, talk.To, talk.IsSecret, await MailAsync(talk.Reader));
        if (talk.Trouble == SmtpTrouble.None)
        {
            await Taking(mail);
            _mails.Enqueue(mail);
        }

        await SayAsync(
            talk,
            talk.Trouble == SmtpTrouble.Busy ? $"451 later: {mail.To}"
                : talk.Trouble == SmtpTrouble.Reject ? $"554 not this one: {mail.To}" : "250 taken");
        return true;
    }

    private Task SayAsync(Talk talk, string line) =>
        talk.Stream.WriteAsync(Encoding.ASCII.GetBytes(line + "\r\n"), _stop.Token).AsTask();

    private async Task<string> MailAsync(StreamReader reader)
    {
        var text = new StringBuilder();
        while (await reader.ReadLineAsync(_stop.Token) is { } line && line != ".")
        {
            text.Append(line.StartsWith('.') ? line[1..] : line).Append('\n');
        }

        return text.ToString();
    }

    private static string Address(string command) => command[(command.IndexOf('<', StringComparison.Ordinal) + 1)..command.IndexOf('>', StringComparison.Ordinal)];

    private static string Text(string base64) => Encoding.UTF8.GetString(Convert.FromBase64String(base64));

    /// <summary>One connection.</summary>
    private sealed record Talk(Stream Stream, StreamReader Reader, SmtpTrouble Trouble, bool IsSecret)
    {
        public bool IsLoggedIn { get; set; }

        public string From { get; set; } = string.Empty;

        public string To { get; set; } = string.Empty;
    }
}

/// <summary>A mail as it came.</summary>
/// <param name="IsSecret">It came over TLS.</param>
/// <param name="Text">Header, empty line, body.</param>
internal sealed record ReceivedMail(string From, string To, bool IsSecret, string Text)
{
    /// <summary>Unfolded; empty where there is none.</summary>
    public string Header(string name) => Text[..Text.IndexOf("\n\n", StringComparison.Ordinal)]
        .Replace("\n ", " ", StringComparison.Ordinal).Split('\n')
        .FirstOrDefault(l => l.StartsWith(name + ": ", StringComparison.OrdinalIgnoreCase))?[(name.Length + 2)..] ?? string.Empty;

    /// <summary>The only part, in Base64.</summary>
    public string Body => Encoding.UTF8.GetString(Convert.FromBase64String(
        Text[Text.IndexOf("\n\n", StringComparison.Ordinal)..].Replace("\n", string.Empty, StringComparison.Ordinal)));

    /// <summary>Never the text: it holds keys.</summary>
    public override string ToString() => "(mail)";
}
