using System.Globalization;
using CardShop.Shopctl.Backup;
using Xunit;

namespace CardShop.Tests.Unit.Backup;

/// <summary>Before a restore: does a process hold the data directory?</summary>
public sealed class When_a_server_may_still_run : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cardshop-postmaster").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("4711\n/data\n1795261081\n5432\n", "4711 (postgres) S 1 4711", true)]
    [InlineData("-4711\n", "4711 (postgres) R 1 4711", true)]
    [InlineData("4711\n", "4711 (a) Z) S 1 4711", true)]
    [InlineData("4711\n", "4711 (postgres) Z 1 4711", false)]
    [InlineData("4711\n", null, false)]
    [InlineData("", "4711 (postgres) S 1 4711", false)]
    [InlineData("nothing\n", "4711 (postgres) S 1 4711", false)]
    [InlineData(null, "4711 (postgres) S 1 4711", false)]
    public void The_data_are_held_by_a_living_process_alone(string? file, string? process, bool held)
    {
        var processes = Directory.CreateDirectory(Path.Combine(_folder, "proc")).FullName;
        if (process is not null)
        {
            File.WriteAllText(
                Path.Combine(Directory.CreateDirectory(Path.Combine(processes, "4711")).FullName, "stat"), process);
        }

        if (file is not null)
        {
            File.WriteAllText(Path.Combine(_folder, PostmasterFile.Name), file);
        }

        int? holder = held ? 4711 : null;
        Assert.Equal(holder, PostmasterFile.Holder(_folder, processes));
    }

    [Fact]
    public void A_directory_that_is_not_there_is_held_by_nobody() =>
        Assert.Null(PostmasterFile.Holder(Path.Combine(_folder, "none")));

    [Fact]
    public void The_system_s_own_processes_are_asked()
    {
        File.WriteAllText(
            Path.Combine(_folder, PostmasterFile.Name), Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n");

        Assert.Equal(Environment.ProcessId, PostmasterFile.Holder(_folder));
    }
}
