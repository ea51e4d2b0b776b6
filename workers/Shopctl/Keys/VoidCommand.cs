using System.CommandLine;
using System.Globalization;
using CardShop.Shop.Operators;
using CardShop.Shopctl.Operators;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;

namespace CardShop.Shopctl.Keys;

/// <summary><c>shopctl keys void</c>.</summary>
internal static class VoidCommand
{
    public static Command Create(Session session)
    {
        var batch = new Argument<string?>("BATCH")
        {
            Description = "An import's id from 'keys batches', or the whole id of one of its parts.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var key = new Option<string[]>("--key")
        {
            Description = "Single keys instead, by id.",
            AllowMultipleArgumentsPerToken = true,
            HelpName = "ID",
        };
        var reason = OperatorOptions.WhyOption("Why; it is kept in the record.");
        var wait = new Option<int>("--wait-seconds")
        {
            Description = "How long the delivery fleet may do nothing before this command gives up waiting.",
            DefaultValueFactory = _ => 60,
            HelpName = "N",
        };
        var command = new Command(
            "void",
            "Takes keys off sale for ever. Only available ones: a sold key stays sold, and orders keep what is reserved for " +
            "them; exit code 1 when some were kept for those. Repeat it when they have ended.")
        {
            batch, key, reason, wait,
        };
        command.Takes(OperatorActions.KeysVoid);
        session.Bind(command, async (servers, arguments, cancellation) =>
        {
            var request = new VoidRequest(
                arguments.GetValue(batch), [.. (arguments.GetValue(key) ?? []).Select(IdOf)], arguments.GetValue(reason)!.Trim(),
                TimeSpan.FromSeconds(KeysCommands.Within(arguments.GetValue(wait), 1, 86_400, "--wait-seconds")));
            if (request.Batch is null == (request.Keys.Count == 0) || request.Keys.Count > 10_000)
            {
                throw new ShopctlException(ExitCodes.Usage, "Name a BATCH, or up to 10000 keys with --key.");
            }

            if (request.Reason.Length is 0 or > 500)
            {
                throw new ShopctlException(ExitCodes.Usage, "--why must have 1 to 500 characters.");
            }

            return await RunAsync(session, servers, request, cancellation);
        });
        return command;
    }

    private static Guid IdOf(string text) => Guid.TryParse(text, out var id)
        ? id
        : throw new ShopctlException(ExitCodes.Usage, "--key takes ids of keys, as 'shopctl order' shows them.");

    private static async Task<int> RunAsync(
        Session session, ShopServers servers, VoidRequest request, CancellationToken cancellation)
    {
        await servers.RequireWritableAsync(cancellation);
        var parts = request.Batch is { } batch ? await KeyBatches.PartsAsync(servers.Database, batch, cancellation) : [];
        var single = await KeyBatches.OfIdsAsync(servers.Database, request.Keys, cancellation);
        if (single.Count < request.Keys.Distinct().Count())
        {
            throw new ShopctlException(ExitCodes.Failed, "Not all of these keys are in stock. Nothing was changed.");
        }

        await using var grant = await session.Operators.RequireAsync(
            OperatorActions.KeysVoid, request.Batch ?? "single keys", request.Reason,
            [("keys", request.Batch is null ? string.Join(' ', request.Keys.Order()) : null)], cancellation);
        var voider = new KeyVoider(
            servers.Log, servers.Database, grant.Operator.Name, request.Reason, session.Time);
        await WorkProgress.RunAsync(session.Screen, session.Time, "void", async progress =>
        {
            await voider.SendAsync(single, cancellation);
            for (var i = 0; i < parts.Count; i++)
            {
                await voider.SendAsync(
                    await KeyBatches.OfPartAsync(servers.Database, parts[i], cancellation), cancellation);
                progress(0.5 * (i + 1) / parts.Count, "sending");
            }

            await voider.WaitAsync(part => progress(0.5 + (part / 2), "waiting"), request.Patience, cancellation);
        });
        var report = voider.Report;
        session.Screen.Line(string.Create(
            CultureInfo.InvariantCulture,
            $"{report.Voided:N0} keys are void now; {report.Void:N0} were before, {report.Sold:N0} are sold and stay so."));
        await grant.DoneAsync(
            null,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{report.Voided} void now, {report.Void} were before, {report.Sold} sold, {report.Kept} kept for orders"),
            cancellation, report.Voided);
        if (report.Kept == 0)
        {
            return ExitCodes.Ok;
        }

        session.Screen.Line(string.Create(
            CultureInfo.InvariantCulture, $"{report.Kept:N0} were kept for orders that hold a reservation: repeat it later."));
        return ExitCodes.Failed;
    }

    private sealed record VoidRequest(string? Batch, IReadOnlyList<Guid> Keys, string Reason, TimeSpan Patience);
}
