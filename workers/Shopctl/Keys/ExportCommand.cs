using System.CommandLine;
using System.Globalization;
using CardShop.Shopctl.Audit;
using CardShop.Shopctl.Secrets;
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
        var first = new Option<string>("--operator")
        {
            Description = "The key file of the operator who does it.",
            HelpName = "FILE",
            Required = true,
        };
        var second = new Option<string>("--approve")
        {
            Description = "The key file of another operator, who approves it.",
            HelpName = "FILE",
            Required = true,
        };
        var reason = new Option<string>("--reason") { Description = "Why; it is kept in the audit.", Required = true };
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
            Writes the keys of a batch in plain text, as CSV. It takes two operators: each proves himself with a key file of his
            own, made by 'shopctl secrets operator NAME FILE'; two files of one operator are refused. The audit on
            shop.audit.v1 says who, who approved, which batch, why and how many keys at most, never a key; it is durable before
            the first key is written. Unsold keys stay on sale: void the batch first where the file leaves the house.
            """)
        {
            batch, first, second, reason, output, status,
        };
        session.Bind(export, async (servers, arguments, cancellation) =>
        {
            var request = new ExportRequest(
                arguments.GetValue(batch)!, arguments.GetValue(first)!, arguments.GetValue(second)!,
                arguments.GetValue(reason)!.Trim(), arguments.GetValue(output)!,
                arguments.GetValue(status) is { } wanted and not "all" ? wanted : null);
            return request.Reason.Length is > 0 and <= 500
                ? await RunAsync(session, servers, request, cancellation)
                : throw new ShopctlException(ExitCodes.Usage, "--reason must have 1 to 500 characters.");
        });
        return export;
    }

    private static async Task<int> RunAsync(
        Session session, ShopServers servers, ExportRequest request, CancellationToken cancellation)
    {
        var people = OperatorKeys.VerifyTwo(servers.Settings.SecretsDirectory, request.First, request.Second);
        var vault = servers.OpenVault();
        await servers.RequireWritableAsync(cancellation);
        var parts = await KeyBatches.PartsAsync(servers.Database, request.Batch, cancellation);
        await using var file = Create(request.Output);
        var count = 0L;
        try
        {
            await AuditTrail.WriteAsync(
                servers.Log,
                new(
                    people.Operator, "keys.export", request.Batch, request.Reason, session.Time.GetUtcNow(), people.Approver,
                    await CountAsync(servers, parts, cancellation)),
                cancellation);
            await using var writer = new StreamWriter(file);
            await WorkProgress.RunAsync(session.Screen, session.Time, "export", async progress =>
                count = await KeyExport.WriteAsync(
                    servers.Database, vault, parts, request.Status, writer,
                    done => progress((double)done / parts.Count, "writing"), cancellation));
        }
        catch
        {
            // Half a file of keys is nobody's.
            File.Delete(request.Output);
            throw;
        }

        session.Screen.Line(string.Create(
            CultureInfo.InvariantCulture,
            $"{count:N0} keys are in {request.Output}, in plain text: {people.Operator} did it, {people.Approver} approved it."));
        return ExitCodes.Ok;
    }

    private static async Task<long> CountAsync(
        ShopServers servers, IReadOnlyList<string> parts, CancellationToken cancellation)
    {
        await using var command = servers.Database.CreateCommand(
            "SELECT sum(keys - cardinality(duplicates))::bigint FROM shop.key_batches WHERE id = ANY($1)");
        command.Parameters.Add(new() { Value = parts.ToArray() });
        return await command.ExecuteScalarAsync(cancellation) is long count ? count : 0;
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
        string Batch, string First, string Second, string Reason, string Output, string? Status);
}
