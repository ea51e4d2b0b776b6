using System.CommandLine;
using System.Globalization;
using CardShop.Contracts;
using CardShop.Shop.Operators;
using CardShop.Shop.Stock;
using CardShop.Shopctl.Operators;
using CardShop.Shopctl.Products;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Keys;

/// <summary><c>shopctl keys import</c>.</summary>
internal static class ImportCommand
{
    private const int MaxQuota = 100_000;
    private const string StandardInput = "-";

    public static Command Create(Session session)
    {
        var sku = new Argument<string>("SKU") { Description = "The product that the keys belong to." };
        var file = new Argument<string>("FILE") { Description = "A file of any length; - reads standard input." };
        var format = new Option<string>("--format")
        {
            Description =
                "text: one secret per line, blanks around it trimmed. " +
                "csv: first line 'secret' or 'number,secret', then one record per line, quoted as in RFC 4180.",
            DefaultValueFactory = _ => "text",
        };
        format.AcceptOnlyFromAmong("text", "csv");
        var bare = new Option<bool>("--no-header")
        {
            Description = "The CSV file has no header: its columns are number,secret, or the secret alone.",
        };
        var encoding = new Option<string>("--encoding")
        {
            Description =
                "auto: by the byte order mark, else by the first 64 KiB. GBK is read as GB18030, which contains it.",
            DefaultValueFactory = _ => "auto",
        };
        encoding.AcceptOnlyFromAmong("auto", "utf-8", "gbk", "gb18030", "utf-16", "utf-16le", "utf-16be");
        var all = new Option<string?>("--report")
        {
            Description =
                $"A new file for every refused and duplicate line, as CSV ({ImportReport.Header}), never with its text. " +
                "The screen shows the first 20 of each kind and counts.",
            HelpName = "FILE",
        };
        var size = new Option<int>("--batch-size")
        {
            Description = "Keys per record, 1 to 5000.",
            DefaultValueFactory = _ => 1_000,
            HelpName = "N",
        };
        var quota = new Option<int?>("--quota")
        {
            Description = $"Of a reusable product: how often each key of the file may be sold, 1 to {MaxQuota}. A higher one for " +
                "the same keys later adds what is missing.",
            HelpName = "N",
        };
        var wait = new Option<int>("--wait-seconds")
        {
            Description = "How long the delivery fleet may load nothing before this command gives up waiting.",
            DefaultValueFactory = _ => 60,
            HelpName = "N",
        };
        var bytes = new Option<long?>("--bytes")
        {
            Description = "Of standard input: how many bytes it has. Where it ends before, its last, cut line is not imported.",
            HelpName = "N",
        };
        var name = new Option<string?>("--name")
        {
            Description = "Of standard input: the file's name for the audit.",
            HelpName = "NAME",
        };
        var import = new Command(
            "import",
            "Seals the keys of a file and takes them into stock. Lines that are refused are reported by number, never by " +
            "text; exit code 1 when there is one. The same file again imports nothing twice; after an interruption it goes on " +
            "with the batches that are not loaded.")
        {
            sku, file, format, bare, encoding, all, size, quota, wait, bytes, name,
        };
        import.Takes(OperatorActions.KeysImport);
        session.Bind(import, async (servers, arguments, cancellation) =>
        {
            var request = new ImportRequest(
                ProductChange.RequireSku(arguments.GetValue(sku)), arguments.GetValue(file)!,
                new(
                    arguments.GetValue(format) == "csv" ? KeyFileFormat.Csv : KeyFileFormat.Text,
                    FileEncoding.Named(arguments.GetValue(encoding)!), !arguments.GetValue(bare)),
                arguments.GetValue(all),
                KeysCommands.Within(arguments.GetValue(size), 1, 5_000, "--batch-size"),
                TimeSpan.FromSeconds(KeysCommands.Within(arguments.GetValue(wait), 1, 86_400, "--wait-seconds")),
                arguments.GetValue(quota) is { } q ? KeysCommands.Within(q, 1, MaxQuota, "--quota") : null)
            {
                Bytes = arguments.GetValue(bytes),
                Name = arguments.GetValue(name),
            };
            if (request.Bytes < 0 || (request.File != StandardInput && (request.Bytes is not null || request.Name is not null)))
            {
                throw new ShopctlException(
                    ExitCodes.Usage, "--bytes, 0 or more, and --name are of standard input: say - in the file's place.");
            }

            return await RunAsync(session, servers, request, cancellation);
        });
        return import;
    }

    private static async Task<int> RunAsync(
        Session session, ShopServers servers, ImportRequest request, CancellationToken cancellation)
    {
        await using var source = Open(request.File, request.Bytes);
        var vault = servers.OpenVault();
        await servers.RequireWritableAsync(cancellation);
        var product = await ProductCommands.RequireAsync(servers, request.Sku, cancellation);
        RequireKeys(product, request.Quota);
        if (TransferRule.AgainstImport(product.Sku, product.Home, servers.Settings.Region) is { } objection)
        {
            throw new ShopctlException(ExitCodes.Failed, objection + " Nothing was imported.");
        }

        var batcher = new KeyBatcher(
            vault, new(request.Sku, servers.Settings.Region, request.BatchSize, session.Time.GetUtcNow()));
        await using var all = OpenReport(request.Report);
        var report = new ImportReport(all);
        var options = request.Options with
        {
            Detected = e => session.Screen.Note(
                $"The file is read as {e.Name}{(request.Options.Encoding is null ? "; --encoding says otherwise" : "")}."),
        };
        await using var grant = await session.Operators.RequireAsync(
            OperatorActions.KeysImport, request.Sku, null, [("file", request.FileName)], cancellation);
        var started = session.Time.GetTimestamp();
        try
        {
            await ImportProgress.RunAsync(
                session.Screen, session.Time, ReadPart(source),
                progress => new KeyImporter(servers, batcher, report, progress).RunAsync(
                    ReusableKeys.UnitsAsync(KeyFile.ReadAsync(source, options, cancellation), request.Quota), request.Patience, cancellation));
        }
        catch (OperationCanceledException e) when (cancellation.IsCancellationRequested)
        {
            throw new ShopctlException(
                ExitCodes.Failed,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Stopped: {report.BatchesSent:N0} whole batches are durable, {report.BatchesLoaded:N0} of them loaded. ") +
                "Import the file again: it goes on from there.",
                e);
        }
        finally
        {
            if (report.Read > 0)
            {
                ImportSummary.Show(session.Screen, request.Sku, report, session.Time.GetElapsedTime(started));
                if (batcher.Import is { } id)
                {
                    session.Screen.Line($"The import's id is {id}: 'shopctl keys batches' shows what became of it.");
                }
            }
        }

        await grant.DoneAsync(
            null,
            string.Create(CultureInfo.InvariantCulture, $"{report.Imported} new of {report.Read} in {request.FileName}, import {batcher.Import ?? "-"}"),
            cancellation, report.Imported);
        if (report.Read == 0)
        {
            session.Screen.Line("No key in the file.");
        }

        return report.Refused.Count > 0 || report.Read == 0 ? ExitCodes.Failed : ExitCodes.Ok;
    }

    private static void RequireKeys(Product product, int? quota)
    {
        var problem = (product.Kind, quota) switch
        {
            (ProductKind.Manual, _) => "is of manual goods: 'shopctl order deliver' hands them over, one order at a time",
            (ProductKind.Reusable, null) => "is of reusable keys: say --quota, how often each key may be sold",
            (ProductKind.Unique, not null) => "is of unique keys, each sold once: leave --quota out",
            _ => null,
        };
        if (problem is not null)
        {
            throw new ShopctlException(ExitCodes.Usage, $"{product.Sku} {problem}.");
        }
    }

    private static Stream Open(string file, long? bytes)
    {
        if (file == StandardInput)
        {
            var input = Console.OpenStandardInput();
            return bytes is { } length ? new WholeStream(input, length) : input;
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

    private static StreamWriter? OpenReport(string? file)
    {
        if (file is null)
        {
            return null;
        }

        try
        {
            var writer = new StreamWriter(PrivateOutput.Create(file));
            writer.WriteLine(ImportReport.Header);
            return writer;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ShopctlException(ExitCodes.Usage, $"The report cannot be created: {e.Message}", e);
        }
    }

    private static Func<double>? ReadPart(Stream source) =>
        (source.CanSeek || source is WholeStream) && source.Length > 0
            ? () => (double)source.Position / source.Length
            : null;

    private sealed record ImportRequest(
        string Sku, string File, KeyFileOptions Options, string? Report, int BatchSize, TimeSpan Patience,
        int? Quota)
    {
        /// <summary>Of standard input; null = until it ends.</summary>
        public long? Bytes { get; init; }

        /// <summary>Of standard input; null = none.</summary>
        public string? Name { get; init; }

        /// <summary>For the audit.</summary>
        public string FileName => Name ?? (File == StandardInput ? "standard input" : Path.GetFileName(File));
    }
}
