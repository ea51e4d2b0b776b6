using System.Diagnostics;
using CardShop.Local.Instance;
using Xunit;

namespace CardShop.Tests.Unit.Local;

public sealed class When_settings_are_handed_to_a_shell
{
    [Theory]
    [InlineData("plain")]
    [InlineData("with spaces; and $HOME `pwd` \"quotes\" \\ back")]
    [InlineData("it's")]
    public async Task A_shell_reads_back_exactly_what_was_written(string value)
    {
        var text = InstanceSettings.Exports(new Dictionary<string, string> { ["A__B"] = value });
        using var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", text + "printf %s \"$A__B\""])
        {
            RedirectStandardOutput = true,
        })!;

        var read = await shell.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);

        Assert.Equal(value, read);
    }
}
