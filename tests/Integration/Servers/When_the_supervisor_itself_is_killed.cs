using System.Diagnostics;
using CardShop.Local.Parts;
using CardShop.Local.Processes;
using CardShop.Local.Supervision;
using Xunit;

namespace CardShop.Tests.Integration.Servers;

public sealed class When_the_supervisor_itself_is_killed(TestServers servers)
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Everything_it_started_ends_with_it_and_the_next_start_finds_its_data_in_order()
    {
        var folder = servers.NewFolder("instance");
        var files = new SupervisorFiles(folder);

        for (var round = 0; round < 2; round++)
        {
            using var supervisor = Start(folder);
            try
            {
                await Eventually.TrueAsync(() => ServesAsync(files), "PostgreSQL and RabbitMQ answer", StartLimit);
                var tree = ProcessTable.Descendants(supervisor.Id).ToList();
                Assert.True(tree.Count > 5);

                supervisor.Kill();

                await Eventually.TrueAsync(() => !tree.Exists(ProcessTable.IsAlive), "every process below it has ended");
            }
            finally
            {
                supervisor.Kill(entireProcessTree: true);
            }
        }
    }

    private static Process Start(string folder)
    {
        var command = DotnetProgram.Command("CardShop.Local", "up", "--folder", folder);
        var process = Process.Start(new ProcessStartInfo(command.FileName, command.Arguments) { RedirectStandardOutput = true })!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        return process;
    }

    private static async Task<bool> ServesAsync(SupervisorFiles files)
    {
        var status = await new ControlClient(files.Socket).AskAsync(new ControlRequest("status"), TestContext.Current.CancellationToken);
        return status?.Parts.Count(part => part is { Name: "postgres" or "rabbitmq", State: PartState.Running }) == 2;
    }
}
