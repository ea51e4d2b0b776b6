using System.Text.RegularExpressions;
using CardShop.Local.Parts;
using CardShop.Shopctl.Settings;

namespace CardShop.Tests.Chaos.Shop;

/// <summary>shopctl as a process of its own, run by an operator of the shop.</summary>
/// <param name="settings">The shop's settings, as environment variables.</param>
/// <param name="operatorKey">Who runs it.</param>
/// <param name="approverKey">Who approves what takes two.</param>
public sealed partial class ShopctlCommand(IReadOnlyDictionary<string, string> settings, string operatorKey, string approverKey)
{
    private const int Attempts = 10;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    /// <summary>Runs it; what waits for a second operator is approved and run again.</summary>
    /// <returns>Exit code and output.</returns>
    public async Task<(int Code, string Output)> TryAsync(params IReadOnlyList<string> arguments)
    {
        var (code, output) = await RunAsAsync(operatorKey, arguments);
        for (var attempt = 1; code == ExitCodes.Unreachable && attempt < Attempts; attempt++)
        {
            // On a busy machine a server's first answer takes longer than an operator should wait: he says it again.
            await Task.Delay(Pause);
            (code, output) = await RunAsAsync(operatorKey, arguments);
        }

        if (code != ExitCodes.Waiting || Approval().Match(output) is not { Success: true } named)
        {
            return (code, output);
        }

        await RunAsAsync(approverKey, ["approvals", "approve", named.Groups[1].Value]);
        return await RunAsAsync(operatorKey, [.. arguments, "--approval", named.Groups[1].Value]);
    }

    /// <exception cref="ChaosFailedException">It failed; the message has its words.</exception>
    public async Task<string> RunAsync(params IReadOnlyList<string> arguments)
    {
        var (code, output) = await TryAsync(arguments);
        return code == 0
            ? output
            : throw new ChaosFailedException($"shopctl {string.Join(' ', arguments)} ended with code {code}: {output.Trim()}");
    }

    private async Task<(int Code, string Output)> RunAsAsync(string key, IReadOnlyList<string> arguments)
    {
        var command = DotnetProgram.Command("CardShop.Shopctl", arguments);
        var start = new System.Diagnostics.ProcessStartInfo(command.FileName, command.Arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        start.Environment[ShopctlSettings.OperatorKeyName] = key;
        using var process = System.Diagnostics.Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        try
        {
            await process.WaitForExitAsync().WaitAsync(Limit);
        }
        catch (TimeoutException)
        {
            process.Kill();
            throw new ChaosFailedException($"shopctl {string.Join(' ', arguments)} did not end within {Limit.TotalMinutes:0} minutes");
        }

        return (process.ExitCode, await output + await errors);
    }

    [GeneratedRegex(@"approvals approve (\S+)", RegexOptions.CultureInvariant)]
    private static partial Regex Approval();
}
