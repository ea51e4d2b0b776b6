using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;

namespace CardShop.Tests.Integration.Servers;

/// <summary>A mail as Python's own parser reads it.</summary>
internal sealed record ParsedMail(string To, string Subject, string Body, string? File, string? FileName)
{
    /// <summary>Never the text: it holds keys.</summary>
    public override string ToString() => "(mail)";
}

/// <summary>Debian's aiosmtpd, which wants a login: a server and a reader of mails that nobody here has written.</summary>
internal sealed class AioSmtpServer : IAsyncDisposable
{
    private const string Script = """
        import asyncio, email, email.policy, json, os
        from aiosmtpd.smtp import SMTP, AuthResult

        class Taker:
            async def handle_DATA(self, server, session, envelope):
                mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
                files = list(mail.iter_attachments())
                print(json.dumps({
                    "to": mail["To"], "subject": mail["Subject"],
                    "body": mail.get_body(("plain",)).get_content(),
                    "file": files[0].get_content() if files else None,
                    "name": files[0].get_filename() if files else None,
                    "defects": [str(d) for part in mail.walk() for d in part.defects]}), flush=True)
                return "250 taken"

        class Server(SMTP):
            # It compares by case; RFC 4954 does not, and the framework's client writes it so.
            auth_login = SMTP.auth_LOGIN

        def login(server, session, envelope, mechanism, data):
            return AuthResult(success=(data.login.decode(), data.password.decode()) == (os.environ["SMTP_USER"], os.environ["SMTP_PASSWORD"]))

        loop = asyncio.new_event_loop()
        server = loop.run_until_complete(loop.create_server(
            lambda: Server(Taker(), authenticator=login, auth_required=True, auth_require_tls=False, loop=loop), "127.0.0.1", 0))
        print(server.sockets[0].getsockname()[1], flush=True)
        loop.run_forever()
        """;

    private readonly ConcurrentQueue<ParsedMail> _mails = new();
    private readonly TaskCompletionSource<int> _port = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Process _process;

    private AioSmtpServer(Process process) => _process = process;

    public int Port { get; private set; }

    public IReadOnlyList<ParsedMail> Mails => [.. _mails];

    public static async Task<AioSmtpServer> StartAsync(NetworkCredential login)
    {
        var start = new ProcessStartInfo("/usr/bin/python3", ["-c", Script]) { RedirectStandardOutput = true };
        start.Environment["SMTP_USER"] = login.UserName;
        start.Environment["SMTP_PASSWORD"] = login.Password;
        var server = new AioSmtpServer(Process.Start(start)!);
        // Its output is its port, and then the mails: it goes into no file.
        server._process.OutputDataReceived += (_, line) => server.Keep(line.Data);
        server._process.BeginOutputReadLine();
        server.Port = await server._port.Task;
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private void Keep(string? line)
    {
        if (line is null)
        {
            _port.TrySetException(new InvalidOperationException("aiosmtpd ended at once."));
            return;
        }

        if (!_port.Task.IsCompleted && _port.TrySetResult(int.Parse(line, CultureInfo.InvariantCulture)))
        {
            return;
        }

        using var json = JsonDocument.Parse(line);
        var root = json.RootElement;
        if (root.GetProperty("defects").GetArrayLength() == 0)
        {
            _mails.Enqueue(new(
                root.GetProperty("to").GetString()!, root.GetProperty("subject").GetString()!,
                root.GetProperty("body").GetString()!, root.GetProperty("file").GetString(), root.GetProperty("name").GetString()));
        }
    }
}
