using System.Text;
using CardShop.Local.Processes;
using Xunit;

namespace CardShop.Tests.Unit.Local;

public sealed class When_a_log_grows : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cardshop-").FullName;

    [Fact]
    public void Three_files_are_kept_and_none_is_above_the_limit()
    {
        var path = Path.Combine(_folder, "part.log");
        using var log = new RotatingLog(path, limit: 1000);
        for (var i = 0; i < 200; i++)
        {
            log.Write(Encoding.UTF8.GetBytes($"line {i,4} of a part that talks a lot\n"));
        }

        Assert.Equal(["part.log", "part.log.1", "part.log.2"], Directory.GetFiles(_folder).Select(Path.GetFileName).Order());
        Assert.All(Directory.GetFiles(_folder), file => Assert.InRange(new FileInfo(file).Length, 1, 1000));
        Assert.Equal("line  199 of a part that talks a lot", Assert.Single(log.Tail(1)));
    }

    [Fact]
    public void The_tail_of_a_file_that_is_not_there_is_empty()
    {
        Assert.Empty(RotatingLog.Tail(Path.Combine(_folder, "none"), 5));
    }

    [Fact]
    public void Only_the_owner_may_read_it()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var path = Path.Combine(_folder, "part.log");
        using var log = new RotatingLog(path);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
