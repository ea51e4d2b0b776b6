using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using CardShop.Shopctl.Products;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Keys;

/// <summary><c>shopctl keys</c>: import.</summary>
public static class KeysCommands
{
    public static Command Create(Session session) => new("keys", "Keys in stock.") { Import(session) };

    private static Command Import(Session session)
    {
        var sku = new Argument<string>("SKU") { Description = "The product that the keys belong to." };
        var file = new Argument<string>("FILE") { Description = "UTF-8; - reads standard input." };
        var format = new Option<string>("--format")
        {
            Description =
                "text: one secret per line, blanks around it trimmed. " +
                "csv: first line 'secret' or 'number,secret', then one record per line.",
            DefaultValueFactory = _ => "text",
        };
        format.AcceptOnlyFromAmong("text", "csv");
        var size = new Option<int>("--batch-size")
        {
            Description = "Keys per record, 1 to 5000.",
            DefaultValueFactory = _ => 1_000,
            HelpName = "N",
        };
        var wait = new Option<int>("--wait-seconds")
        {
            Description = "How long the delivery fleet may load nothing before this command gives up waiting.",
            DefaultValueFactory = _ => 60,
            HelpName = "N",
        };
        var import = new Command(
            "import",
            "Seals the keys of a file and takes them into stock. Lines that are refused are reported by number, never by " +
            "text; exit code 1 when there is one. The same file again imports nothing twice.")
        {
            sku, file, format, size, wait,
        };
        session.Bind(import, async (servers, arguments, cancellation) =>
        {
            var request = new ImportRequest(
                ProductChange.RequireSku(arguments.GetValue(sku)), arguments.GetValue(file)!,
                arguments.GetValue(format) == "csv" ? KeyFileFormat.Csv : KeyFileFormat.Text,
                Within(arguments.GetValue(size), 1, 5_000, "--batch-size"),
                TimeSpan.FromSeconds(Within(arguments.GetValue(wait), 1, 86_400, "--wait-seconds")));
            return await RunAsync(session, servers, request, cancellation);
        });
        return import;
    }

    /// <summary>An id that no other import has: the time, and 8 random bytes.</summary>
    public static string NewImportId(DateTimeOffset now) =>
        now.UtcDateTime.ToString("yyyyMMdd'T'HHmmssfff", CultureInfo.InvariantCulture) + "-"
        + RandomNumberGenerator.GetHexString(16, lowercase: true);

    private static async Task<int> RunAsync(
        Session session, ShopServers servers, ImportRequest request, CancellationToken cancellation)
    {
        await using var source = Open(request.File);
        var vault = servers.OpenVault();
        await servers.RequireWritableAsync(cancellation);
        await ProductCommands.RequireAsync(servers, request.Sku, cancellation);
        var now = session.Time.GetUtcNow();
        var batcher = new KeyBatcher(
            vault, new(NewImportId(now), request.Sku, servers.Settings.Region, request.BatchSize, now));
        var report = new ImportReport();
        var started = session.Time.GetTimestamp();
        try
        {
            await ImportProgress.RunAsync(
                session.Screen, session.Time, ReadPart(source),
                progress => new KeyImporter(servers, batcher, report, progress).RunAsync(
                    KeyFile.ReadAsync(source, request.Format, cancellation), request.Patience, cancellation));
        }
        catch (OperationCanceledException e) when (cancellation.IsCancellationRequested)
        {
            throw new ShopctlException(
                ExitCodes.Failed,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Stopped: {report.BatchesSent:N0} whole batches are durable, {report.BatchesLoaded:N0} of them loaded. ") +
                "Import the file again: duplicates are recognised.",
                e);
        }
        finally
        {
            if (report.Read > 0)
            {
                ImportSummary.Show(session.Screen, request.Sku, report, session.Time.GetElapsedTime(started));
            }
        }

        if (report.Read == 0)
        {
            session.Screen.Line("No key in the file.");
        }

        return report.Refused.Count > 0 ? ExitCodes.Failed : ExitCodes.Ok;
    }

    private static Stream Open(string file)
    {
        if (file == "-")
        {
            return Console.OpenStandardInput();
        }

        try
        {
            return new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.SequentialScan);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ShopctlException(ExitCodes.Usage, $"The file cannot be read: {e.Message}", e);
        }
    }

    private static Func<double>? ReadPart(Stream source) =>
        source.CanSeek && source.Length > 0 ? () => (double)source.Position / source.Length : null;

    private static int Within(int value, int low, int high, string name) => value >= low && value <= high
        ? value
        : throw new ShopctlException(ExitCodes.Usage, $"{name} must be {low} to {high}.");

    private sealed record ImportRequest(
        string Sku, string File, KeyFileFormat Format, int BatchSize, TimeSpan Patience);
}
