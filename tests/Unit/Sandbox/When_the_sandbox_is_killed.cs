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
        await using (await RunningSandbox.StartAsync(host))
        {
            foreach (var request in requests)
            {
                Assert.Equal(ChannelResult.Done, (await host.Channel.CreateAsync(request, token)).Result);
                Assert.Equal(200, await host.PayAsync(request.Number));
            }
        }

        await using (await RunningSandbox.StartAsync(host))
        {
            foreach (var request in requests)
            {
                Assert.Equal(TradeStatus.Paid, (await host.Channel.QueryAsync(request, token)).Trade?.Status);
            }
        }
    }
}

/// <summary>A sandbox in a process of its own, which leaves no other way than by SIGKILL.</summary>
internal sealed class RunningSandbox : IAsyncDisposable
{
    private readonly Process _process;

    private RunningSandbox(ProcessStartInfo program)
    {
        _process = Process.Start(program)!;
    }

    public static async Task<RunningSandbox> StartAsync(SandboxHost host)
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

        var running = new RunningSandbox(program);
        try
        {
            host.Connect(await running.AddressAsync());
            return running;
        }
        catch
        {
            await running.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private async Task<string> AddressAsync()
    {
        const string Ready = "Sandbox is ready at ";
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (await _process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
        {
            if (line.IndexOf(Ready, StringComparison.Ordinal) is var at and >= 0)
            {
                var address = line[(at + Ready.Length)..];
                return address[..address.IndexOf(": ", StringComparison.Ordinal)];
            }
        }

        throw new Xunit.Sdk.XunitException(
            "the sandbox ended: " + await _process.StandardError.ReadToEndAsync(limit.Token));
    }
}
