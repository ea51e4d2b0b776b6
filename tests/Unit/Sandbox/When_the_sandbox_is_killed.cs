using System.Diagnostics;
using CardShop.Sandbox;
using CardShop.Shop.Channels;
using Xunit;

namespace CardShop.Tests.Unit.Sandbox;

/// <summary>A real process, ended by SIGKILL between the answers and the next start.</summary>
public sealed class When_the_sandbox_is_killed
{
    [Fact]
    public async Task What_it_answered_it_still_knows()
    {
        await using var host = await SandboxHost.StartAsync();
        await host.StopSandboxAsync();
        var token = TestContext.Current.CancellationToken;
        var requests = Enumerable.Range(0, 30).Select(_ => SandboxHost.Request()).ToList();
        using (var process = await StartAsync(host))
        {
            foreach (var request in requests)
            {
                Assert.Equal(ChannelResult.Done, (await host.Channel.CreateAsync(request, token)).Result);
                Assert.Equal(200, await host.PayAsync(request.Number));
            }

            process.Kill();
            await process.WaitForExitAsync(token);
        }

        using (var process = await StartAsync(host))
        {
            foreach (var request in requests)
            {
                Assert.Equal(TradeStatus.Paid, (await host.Channel.QueryAsync(request, token)).Trade?.Status);
            }

            process.Kill();
            await process.WaitForExitAsync(token);
        }
    }

    private static async Task<Process> StartAsync(SandboxHost host)
    {
        var program = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        string[] arguments =
        [
            typeof(SandboxApp).Assembly.Location, "--urls", "http://127.0.0.1:0", "--Sandbox:KeysDirectory",
            host.KeysDirectory, "--Sandbox:DataDirectory", host.DataDirectory,
        ];
        foreach (var argument in arguments)
        {
            program.ArgumentList.Add(argument);
        }

        var process = Process.Start(program)!;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (await process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
        {
            const string Ready = "Sandbox is ready at ";
            if (line.IndexOf(Ready, StringComparison.Ordinal) is var at and >= 0)
            {
                host.Connect(line[(at + Ready.Length)..].Split(':', 4) is [var http, var name, var port, ..]
                    ? $"{http}:{name}:{port}" : "");
                return process;
            }
        }

        throw new Xunit.Sdk.XunitException(
            "the sandbox ended: " + await process.StandardError.ReadToEndAsync(limit.Token));
    }
}
