using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Net.Http.Headers;

namespace CardShop.Api.Pages;

/// <summary>
/// The shop's pages: files of wwwroot as they are. Nothing is rendered here: what a page shows comes from the same interface
/// that everybody else uses, so no text of a buyer or operator ever becomes markup.
/// </summary>
public static class ShopPages
{
    /// <summary>
    /// Only files of this shop: no script or style in the markup, no other host, no frame around it. Images made in the page
    /// (a payment's QR code) are blobs.
    /// </summary>
    internal const string SecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; " +
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    private static readonly (string Route, string File, string Policy)[] Pages =
    [
        ("/", "index.html", SecurityPolicy), ("/p/{sku}", "product.html", SecurityPolicy), ("/order", "order.html", SecurityPolicy),
        ("/find", "find.html", SecurityPolicy), ("/ops", "ops.html", SecurityPolicy),
        (ApiReference.Route, ApiReference.File, ApiReference.SecurityPolicy),
    ];

    /// <summary>Where the files stand: beside the program, wherever it is started from.</summary>
    public static string Folder => Path.Combine(AppContext.BaseDirectory, "wwwroot");

    /// <summary>Styles, scripts and pictures; asked for again each time, and answered 304 while they are the same.</summary>
    public static void UseFiles(WebApplication app) => app.UseStaticFiles(new StaticFileOptions
    {
        ContentTypeProvider = new FileExtensionContentTypeProvider(new Dictionary<string, string>
        {
            [".css"] = "text/css; charset=utf-8",
            [".js"] = "text/javascript; charset=utf-8",
            [".svg"] = "image/svg+xml",
        }),
        OnPrepareResponse = file => Protect(file.Context.Response, SecurityPolicy),
    });

    /// <summary>The addresses of the pages.</summary>
    public static void Map(WebApplication app)
    {
        foreach (var (route, file, policy) in Pages)
        {
            var path = Path.Combine(Folder, file);
            var changed = new DateTimeOffset(File.GetLastWriteTimeUtc(path), TimeSpan.Zero);
            var tag = new EntityTagHeaderValue($"\"{changed.UtcTicks:x}\"");
            app.MapMethods(route, [HttpMethods.Get, HttpMethods.Head], (HttpContext context) =>
            {
                Protect(context.Response, policy);
                return Results.File(path, "text/html; charset=utf-8", lastModified: changed, entityTag: tag);
            }).ExcludeFromDescription();
        }
    }

    /// <summary>A person's browser at an address that leads nowhere gets a page; programs get a problem.</summary>
    /// <returns>False where nothing was written.</returns>
    public static async Task<bool> ShowMissingAsync(HttpContext context)
    {
        if (context.Response.StatusCode != StatusCodes.Status404NotFound || !HttpMethods.IsGet(context.Request.Method)
            || !context.Request.Headers.Accept.ToString().StartsWith("text/html", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        Protect(context.Response, SecurityPolicy);
        context.Response.ContentType = "text/html; charset=utf-8";
        await context.Response.SendFileAsync(Path.Combine(Folder, "missing.html"), context.RequestAborted);
        return true;
    }

    private static void Protect(HttpResponse response, string policy)
    {
        response.Headers.CacheControl = "no-cache";
        response.Headers.ContentSecurityPolicy = policy;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers["Cross-Origin-Opener-Policy"] = "same-origin";
        response.Headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()";
    }
}
