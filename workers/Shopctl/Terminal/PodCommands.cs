using System.CommandLine;
using System.Globalization;
using CardShop.Shopctl.Settings;

namespace CardShop.Shopctl.Terminal;

/// <summary>
/// <c>shopctl pod</c>: what k8s/shopctl needs in a pod for commands with files. The image has no shell and no tar, so the pod waits,
/// and files go in and out by standard input and output of further processes in it: never by arguments, logs or objects of the cluster.
/// </summary>
public static class PodCommands
{
    private const int MaxSeconds = 86_400;

    public static Command Create(Session session) =>
        new("pod", "For k8s/shopctl: a pod that waits for a command, and files into it and out of it.") { Wait(session), Take(session), Give(session) };

    /// <summary>Writes what comes to a new file, mode 0600.</summary>
    /// <param name="bytes">How many must come. With others there is no file: a list of keys that was cut holds a wrong one.</param>
    public static async Task TakeAsync(Stream input, string file, long bytes, CancellationToken cancellation)
    {
        await using (var target = Open(file))
        {
            await input.CopyToAsync(target, cancellation);
            if (target.Length == bytes)
            {
                return;
            }
        }

        var came = new FileInfo(file).Length;
        File.Delete(file);
        throw new ShopctlException(
            ExitCodes.Failed, string.Create(CultureInfo.InvariantCulture, $"{came} of {bytes} bytes came: nothing is kept. Run it again."));
    }

    private static Command Wait(Session session)
    {
        var seconds = new Option<int>("--seconds") { Description = "So long, 1 to 86400.", HelpName = "N", Required = true };
        var wait = new Command("wait", "Does nothing, until it is stopped or the time is over.") { seconds };
        session.Bind(wait, async (arguments, cancellation) =>
        {
            var limit = arguments.GetValue(seconds) is >= 1 and <= MaxSeconds and var n
                ? n : throw new ShopctlException(ExitCodes.Usage, "--seconds must be 1 to 86400.");
            await Task.Delay(TimeSpan.FromSeconds(limit), session.Time, cancellation);
            return ExitCodes.Ok;
        });
        return wait;
    }

    private static Command Take(Session session)
    {
        var file = new Argument<string>("FILE") { Description = "The new file, mode 0600." };
        var bytes = new Option<long>("--bytes") { Description = "How many bytes come.", HelpName = "N", Required = true };
        var take = new Command("take", "Writes standard input to a new file.") { file, bytes };
        session.Bind(take, async (arguments, cancellation) =>
        {
            await using var input = Console.OpenStandardInput();
            await TakeAsync(input, arguments.GetValue(file)!, arguments.GetValue(bytes), cancellation);
            return ExitCodes.Ok;
        });
        return take;
    }

    private static Command Give(Session session)
    {
        var file = new Argument<string>("FILE") { Description = "Which." };
        var give = new Command("give", "Writes a file to standard output, as it is.") { file };
        session.Bind(give, async (arguments, cancellation) =>
        {
            try
            {
                await using var source = File.OpenRead(arguments.GetValue(file)!);
                await using var output = Console.OpenStandardOutput();
                await source.CopyToAsync(output, cancellation);
                return ExitCodes.Ok;
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
            {
                throw new ShopctlException(ExitCodes.Usage, $"The file cannot be read: {e.Message}", e);
            }
        });
        return give;
    }

    private static FileStream Open(string file)
    {
        try
        {
            return PrivateOutput.Create(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ShopctlException(ExitCodes.Usage, $"The file cannot be created: {e.Message}", e);
        }
    }
}
