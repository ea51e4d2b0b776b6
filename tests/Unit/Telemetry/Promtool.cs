using System.Diagnostics;

namespace CardShop.Tests.Unit.Telemetry;

/// <summary>Prometheus's own checker, from Debian's package <c>prometheus</c>, which tests/run installs.</summary>
internal static class Promtool
{
    /// <returns>Exit code, and everything that it said.</returns>
    public static async Task<(int Code, string Said)> RunAsync(IEnumerable<string> arguments, string input = "")
    {
        using var process = Process.Start(new ProcessStartInfo("promtool", arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var said = process.StandardOutput.ReadToEndAsync();
        var failed = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        await process.WaitForExitAsync(limit.Token);
        return (process.ExitCode, await said + await failed);
    }
}
