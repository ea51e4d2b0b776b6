using System.Collections.Frozen;

namespace CardShop.Api.Pages;

/// <summary>
/// <c>/docs</c>: Swagger UI over <c>/openapi/v1.json</c>. Of the package's files only its style sheet and its script are
/// served: its own page makes functions of texts, which no strict content policy allows, so the page around them is ours.
/// </summary>
public static class ApiReference
{
    public const string Route = "/docs";
    public const string File = "docs.html";

    /// <summary>The sheet draws its arrows as <c>data:</c> images; otherwise as strict as for the other pages.</summary>
    internal const string SecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
        "form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

    private static readonly FrozenSet<string> Files =
        new[] { Route + "/ui/swagger-ui.css", Route + "/ui/swagger-ui-bundle.js" }.ToFrozenSet();

    /// <summary>Swagger UI's files.</summary>
    public static void UseFiles(WebApplication app) => app.UseWhen(
        context => context.Request.Path.Value is { } path && Files.Contains(path),
        files => files.UseSwaggerUI(options => options.RoutePrefix = Route.TrimStart('/') + "/ui"));
}
