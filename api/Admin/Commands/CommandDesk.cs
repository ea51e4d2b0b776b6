using System.Globalization;
using System.Text.Json.Serialization.Metadata;
using CardShop.Api.Orders;
using CardShop.Shop.Operators;
using Microsoft.AspNetCore.Http.Features;

namespace CardShop.Api.Admin.Commands;

/// <summary><c>/v1/admin/commands</c> and the import of keys: who asks, for what, and then shopctl does it.</summary>
public sealed class CommandDesk(AdminCalls calls, AdminAccess access, CommandRunner runner)
{
    /// <summary>Bytes of a file of keys.</summary>
    public const long MaxFile = 1L << 30;

    /// <summary>Runs one command of <see cref="CommandTable"/>.</summary>
    public Task RunAsync(HttpContext context) => calls.RunAsync(context, async cancellation =>
    {
        var (by, refusal) = await access.RequireAsync(context, AdminRules.View, "commands", cancellation);
        if (by is null)
        {
            return AdminAnswer.Of(refusal!);
        }

        var (request, wrong) = await ReadAsync(context);
        if (request is null)
        {
            return AdminAnswer.Of(wrong!);
        }

        if (CommandTable.Find(request.Command) is not { } command)
        {
            return AdminAnswer.Of(Problem.Field(
                "command", "It must be one of " + string.Join(", ", CommandTable.All.Select(c => c.Name)) + "."));
        }

        if (command.TakesWhy)
        {
            (by, refusal) = await access.RequireAsync(context, command.Action, command.Name, cancellation);
            if (by is null)
            {
                return AdminAnswer.Of(refusal!);
            }
        }

        var (words, fault) = command.Build(request);
        return words is null ? AdminAnswer.Of(fault!) : Running(context, command, words, null);
    });

    /// <summary>Imports the keys that the body holds.</summary>
    public Task ImportAsync(HttpContext context, string sku, KeyImportQuery query) => calls.RunAsync(context, async cancellation =>
    {
        var (by, refusal) = await access.RequireAsync(context, OperatorActions.KeysImport, AdminInput.Subject(sku), cancellation);
        if (by is null)
        {
            return AdminAnswer.Of(refusal!);
        }

        if (LengthOf(context.Request, out var length) is { } wrong)
        {
            return AdminAnswer.Of(wrong);
        }

        var (words, fault) = CommandTable.ImportWords(sku, length, query with { Why = WhyOf(context.Request) });
        if (words is null)
        {
            return AdminAnswer.Of(fault!);
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } most)
        {
            most.MaxRequestBodySize = MaxFile;
        }

        return Running(context, CommandTable.Import, words, context.Request.Body);
    });

    private AdminAnswer Running(HttpContext context, ConsoleCommand command, IReadOnlyList<string> words, Stream? input)
    {
        var key = access.ShownBy(context.Request)!;
        return AdminAnswer.Stream(c => runner.RunAsync(c, new(command, words, key, input)));
    }

    private static async Task<(CommandRequest? Request, Problem? Wrong)> ReadAsync(HttpContext context)
    {
        var (body, refusal) = await RequestBody.ReadJsonAsync(context, AdminInput.MaxBody);
        JsonTypeInfo<CommandRequest> json = AdminRequestJson.Default.CommandRequest;
        return refusal is not null ? (null, refusal) : AdminInput.Parse(body.Span, json, AdminExamples.Command);
    }

    /// <returns>What is wrong with the body, as its headers tell: 411, 413, 415; null where nothing is.</returns>
    private static Problem? LengthOf(HttpRequest request, out long length)
    {
        length = request.ContentLength ?? 0;
        return request.ContentType is not "application/octet-stream" ? Problem.Of(
                StatusCodes.Status415UnsupportedMediaType, "The body must be the file itself",
                "Send the file's bytes with Content-Type: application/octet-stream.")
            : request.ContentLength is null ? Problem.Of(
                StatusCodes.Status411LengthRequired, "The length of the file is missing",
                "Send Content-Length: what is cut on its way is known by it.")
            : length > MaxFile ? Problem.Of(
                StatusCodes.Status413PayloadTooLarge, "The file is too large",
                string.Create(CultureInfo.InvariantCulture, $"At most {MaxFile} bytes are taken. Send it in parts, or use shopctl keys import."))
            : length == 0 ? Problem.Field("file", "The file is empty.")
            : null;
    }

    /// <summary>The reason in the header: percent-encoded UTF-8, since a header takes no other text.</summary>
    private static string? WhyOf(HttpRequest request) =>
        request.Headers["Why"].ToString() is { Length: > 0 and <= 4_096 } text ? Uri.UnescapeDataString(text) : null;
}
