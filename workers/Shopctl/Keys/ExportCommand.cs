using System.CommandLine;
using System.Globalization;
using CardShop.Shop.Operators;
using CardShop.Shopctl.Operators;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Keys;

/// <summary><c>shopctl keys export</c>.</summary>
internal static class ExportCommand
{
    public static Command Create(Session session)
    {
        var batch = new Argument<string>("BATCH")
        {
            Description = "An import's id from 'keys batches', or the whole id of one of its parts.",
        };
        var reason = OperatorOptions.WhyOption("Why; it is kept in the audit.");
        var output = new Option<string>("--output")
        {
            Description = "The new file for the keys, readable by its owner alone.",
            HelpName = "FILE",
            Required = true,
        };
        var status = new Option<string>("--status")
        {
            Description = "Which keys of the batch.",
            DefaultValueFactory = _ => "all",
        };
        status.AcceptOnlyFromAmong("all", "unsold", "sold", "void");
        var export = new Command(
            "export",
            """
            Writes the keys of a batch in plain text, as CSV. It takes two operators: one does it, another approves it. The audit
            on shop.audit.v1 says who, who approved, which batch, why and how many keys, never a key; it is durable before the
            first key is written. Unsold keys stay on sale: void the batch first where the file leaves the house.
            """)
        {
            batch, reason, output, status,
        };
        export.Takes(OperatorActions.KeysExport);
        session.Bind(export, async (servers, arguments, cancellation) =>
        {
            var request = new ExportRequest(
                arguments.GetValue(batch)!, arguments.GetValue(reason)!.Trim(), arguments.GetValue(output)!,
                arguments.GetValue(status) is { } wanted and not "all" ? wanted : null);
            return request.Reason.Length is > 0 and <= 500
                ? await RunAsync(session, servers, request, cancellation)
                : throw new ShopctlException(ExitCodes.Usage, "--why must have 1 to 500 characters.");
        });
        return export;
    }

    private static async Task<int> RunAsync(
        Session session, ShopServers servers, ExportRequest request, CancellationToken cancellation)
    {
        var vault = servers.OpenVault();
        await servers.RequireWritableAsync(cancellation);
        var parts = await KeyBatches.PartsAsync(servers.Database, request.Batch, cancellation);
        if (File.Exists(request.Output))
        {
            throw new ShopctlException(ExitCodes.Usage, $"{request.Output} is there already: an export makes a new file.");
        }

        // The name of the file is not part of what is approved: it may be another one by then.
        await using var grant = await session.Operators.RequireAsync(
            OperatorActions.KeysExport, request.Batch, request.Reason, [("status", request.Status ?? "all")], cancellation);
        await using var file = Create(request.Output);
        var count = 0L;
        try
        {
            await using var writer = new StreamWriter(file);
            await WorkProgress.RunAsync(session.Screen, session.Time, "export", async progress =>
                count = await KeyExport.WriteAsync(
                    servers.Database, vault, parts, request.Status, writer,
                    done => progress((double)done / parts.Count, "writing"), cancellation));
            await grant.DoneAsync(null, "exported", cancellation, count);
        }
        catch
        {
            // Half a file of keys is nobody's.
            File.Delete(request.Output);
            throw;
        }

        session.Screen.Line(string.Create(
            CultureInfo.InvariantCulture,
            $"{count:N0} keys are in {request.Output}, in plain text: {grant.Operator.Name} did it, {grant.Approver} approved it."));
        return ExitCodes.Ok;
    }

    private static FileStream Create(string file)
    {
        try
        {
            return PrivateOutput.Create(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ShopctlException(ExitCodes.Usage, $"The file cannot be created: {e.Message}", e);
        }
    }

    private sealed record ExportRequest(
        string Batch, string Reason, string Output, string? Status);
}
