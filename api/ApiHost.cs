using System.ComponentModel;
using CardShop.Api.Admin;
using CardShop.Api.Orders;
using CardShop.Api.Pages;
using CardShop.Api.Partners;
using CardShop.Api.Payments;
using CardShop.Api.Products;
using CardShop.Api.Reference;
using CardShop.Api.Tables;
using CardShop.Pipeline.Log;
using CardShop.Shop.Channels;
using CardShop.Shop.Keys;
using CardShop.Shop.Orders;
using CardShop.Telemetry;
using Microsoft.AspNetCore.Diagnostics;

namespace CardShop.Api;

/// <summary>The composition root: the page that shows what the API is made of.</summary>
public static class ApiHost
{
    public static WebApplication Build(string[] args)
    {
        var builder = WebApplication.CreateSlimBuilder(HouseOptions.Of(args, ShopPages.Folder));
        builder.AddTelemetry("cardshop-api");
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        // Its scope and activity for every request cost as much as half the request, and no line of ours shows them.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        // It would report a client's broken request as a fault of ours; UnexpectedAsync tells them apart.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Diagnostics.ExceptionHandlerMiddleware", LogLevel.None);
        if (string.IsNullOrEmpty(builder.Configuration["urls"]))
        {
            builder.WebHost.UseUrls("http://127.0.0.1:8080");
        }

        if (TelemetrySettings.UrlOf(builder.Configuration) is { } metrics)
        {
            builder.WebHost.UseUrls(builder.Configuration["urls"]!, metrics);
        }

        // A request runs on the thread that received it: until Kafka is waited for, nothing in the path blocks. On two cores
        // the hand-over to another thread costs more than the request.
        builder.WebHost.UseSockets(o => o.UnsafePreferInlineScheduling = true);
        builder.WebHost.ConfigureKestrel(o =>
        {
            o.AddServerHeader = false;
            o.Limits.MaxRequestBodySize = 128 * 1024;
            o.Limits.MaxConcurrentConnections = 20_000;
            o.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        });
        AddServices(builder);
        var app = builder.Build();
        var headers = app.Services.GetRequiredService<SecurityHeaders>();
        var stop = app.Services.GetRequiredService<GracefulStop>();
        app.Use((context, next) =>
        {
            headers.Set(context);
            stop.Mark(context);
            return next(context);
        });
        // Placing an order answers for itself, whatever happens; what is no JSON never gets there.
        app.UseWhen(
            context => !(HttpMethods.IsPost(context.Request.Method) && context.Request.Path.Value == "/v1/orders"
                && context.Request.HasJsonContentType()),
            others =>
            {
                others.UseExceptionHandler(handler => handler.Run(
                    c => Unexpected.AnswerAsync(c, c.Features.Get<IExceptionHandlerFeature>()?.Error)));
                others.UseStatusCodePages(pages => PlainStatusAsync(pages.HttpContext));
            });
        ShopPages.UseFiles(app);
        ApiReference.UseFiles(app);
        Map(app);
        return app;
    }

    private static void AddServices(WebApplicationBuilder builder)
    {
        var settings = ApiSettings.From(builder.Configuration);
        var secrets = ShopSecrets.Open(settings.SecretsDirectory);
        var vault = new KeyVault(secrets.Fingerprint, secrets.KeyEncryption);
        IReadOnlyList<IPaymentChannel> channels =
        [
            .. PaymentChannels.Open(
                builder.Configuration.GetSection(PaymentChannelOptions.Section).Get<PaymentChannelOptions>() ?? new(),
                ChannelUse.Verify, TimeProvider.System).Select(c => c.Channel),
        ];
        var reader = settings.PostgresConnection is { Length: > 0 } connection ? OrderReader.Open(
                connection, vault, settings.ArchiveDirectory is { Length: > 0 } archive ? new(archive) : null) : null;
        var services = builder.Services;
        services.AddOpenApi(ReferenceDocument.Describe);
        services.AddSingleton(settings);
        services.AddSingleton(secrets);
        services.AddSingleton(channels);
        services.AddSingleton(s => new ChannelChoice(
            [.. channels.Select(c => c.Name)], s.GetRequiredService<ShopTables>().IsUp));
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(new OrderTokens(secrets.Tokens, secrets.CurrentToken));
        services.AddSingleton(new RecentOrders());
        services.AddSingleton<RateLimits>();
        services.AddSingleton<ILog>(s => new KafkaLog(
            settings.Kafka, TimeProvider.System, s.GetRequiredService<ILogger<KafkaLog>>()));
        services.AddSingleton<SecurityHeaders>();
        services.AddSingleton(s => new GracefulStop(settings.Leave, s.GetRequiredService<TimeProvider>()));
        services.AddHostedService(s => s.GetRequiredService<GracefulStop>());
        services.Configure<HostOptions>(o => o.ShutdownTimeout = GracefulStop.Limit);
        services.AddSingleton<LogWatch>();
        services.AddSingleton<ShopTables>();
        services.AddHostedService(s => s.GetRequiredService<ShopTables>());
        services.AddSingleton(s => new OrderDesk(
            s.GetRequiredService<ShopTables>(), reader, settings.Region, settings.PublicUrl, TimeProvider.System, s.GetRequiredService<ILogger<OrderDesk>>()));
        services.AddHostedService(s => s.GetRequiredService<OrderDesk>());
        services.AddSingleton(s => new OrderWatch(reader, TimeProvider.System, s.GetRequiredService<ILogger<OrderWatch>>()));
        services.AddHostedService(s => s.GetRequiredService<OrderWatch>());
        services.AddSingleton(s => new Lookup(
            settings, secrets, s.GetRequiredService<OrderTokens>(), reader, TimeProvider.System));
        services.AddSingleton<InputLog>();
        services.AddSingleton<PlaceOrder>();
        services.AddSingleton<OrderEndpoints>();
        services.AddSingleton<NotifyEndpoint>();
        services.AddSingleton<FormEndpoint>();
        services.AddSingleton<ProductsEndpoint>();
        AddPartners(services, settings);
        services.AddAdmin(builder.Configuration, settings, secrets);
    }

    private static void AddPartners(IServiceCollection services, ApiSettings settings)
    {
        services.AddSingleton<PartnerTable>();
        services.AddHostedService(s => s.GetRequiredService<PartnerTable>());
        services.AddSingleton<PartnerAccess>();
        services.AddSingleton<ILogRanges>(s => new KafkaRanges(
            settings.Kafka, TimeProvider.System, s.GetRequiredService<ILogger<KafkaRanges>>()));
        services.AddSingleton<EventFeed>();
        services.AddHostedService(s => s.GetRequiredService<EventFeed>());
        services.AddSingleton<EventsEndpoint>();
        services.AddSingleton<WebhookReplayEndpoint>();
    }

    private static void Map(WebApplication app)
    {
        var place = app.Services.GetRequiredService<PlaceOrder>();
        var orders = app.Services.GetRequiredService<OrderEndpoints>();
        var notify = app.Services.GetRequiredService<NotifyEndpoint>();
        var form = app.Services.GetRequiredService<FormEndpoint>();
        var products = app.Services.GetRequiredService<ProductsEndpoint>();
        var tables = app.Services.GetRequiredService<ShopTables>();

        app.MapPost("/v1/orders", (Delegate)((HttpContext c) => place.HandleAsync(c)))
            .WithSummary("Place an order")
            .Accepts<OrderRequest>("application/json").Produces<OrderAccepted>(StatusCodes.Status202Accepted)
            .ProducesProblems(400, 401, 403, 404, 409, 413, 415, 422, 429, 503);
        app.MapGet("/v1/orders/{id}", (HttpContext c, string id) => orders.ShowAsync(c, id))
            .WithSummary("Show an order").Produces<OrderView>().ProducesProblems(401, 404);
        app.MapGet("/v1/orders/{id}/events", (HttpContext c, string id) => orders.FollowAsync(c, id))
            .WithSummary("Follow an order as server-sent events")
            .Produces<OrderView>(contentType: "text/event-stream").ProducesProblems(401, 404);
        app.MapGet("/v1/orders/{id}/qr", (HttpContext c, string id) => orders.QrAsync(c, id))
            .WithSummary("The code to scan and pay")
            .Produces<string>(contentType: "image/svg+xml").ProducesProblems(401, 404);
        app.MapPost("/v1/orders/{id}/cancel", (HttpContext c, string id) => orders.CancelAsync(c, id))
            .WithSummary("Cancel an unpaid order")
            .WithDescription("202: it is asked for. What becomes of it the order shows: one that is paid meanwhile is delivered.")
            .Produces<OrderNoted>(StatusCodes.Status202Accepted).ProducesProblems(401, 404, 503);
        app.MapPost("/v1/orders/{id}/channel", (HttpContext c, string id) => orders.SwitchAsync(c, id))
            .WithSummary("Pay an unpaid order by another channel")
            .Accepts<ChannelRequest>("application/json").Produces<OrderNoted>(StatusCodes.Status202Accepted)
            .ProducesProblems(400, 401, 404, 413, 415, 503);
        var lookup = app.Services.GetRequiredService<Lookup>();
        app.MapPost("/v1/lookup", (Delegate)((HttpContext c) => lookup.HandleAsync(c)))
            .WithSummary("Find orders by contact and query password")
            .Accepts<LookupRequest>("application/json").Produces<LookupResult>()
            .ProducesProblems(400, 404, 413, 415, 429, 503);
        app.MapGet("/v1/products", products.List)
            .WithSummary("List products").Produces<ProductList>().ProducesProblems(503);
        app.MapGet("/v1/products/{sku}", (string sku) => products.Show(sku))
            .WithSummary("Show a product with its description").Produces<ProductDetails>().ProducesProblems(404, 503);
        app.MapPost("/v1/payments/{channel}/notify", (HttpContext c, string channel) => notify.HandleAsync(c, channel))
            .WithSummary("Payment providers report here").Produces<string>(contentType: "text/plain")
            .ProducesProblems(400, 404, 413, 503);
        app.MapGet(FormEndpoint.Path + "{number}", (HttpContext c, string number) => form.HandleAsync(c, number))
            .WithSummary("Open a payment page that takes a posted form")
            .Produces<string>(contentType: "text/html").ProducesProblems(404, 429, 503);
        MapPartners(app);
        MapMetrics(app);
        notify.Begin();
        app.MapAdmin();
        app.MapGet("/healthz/live", () => Results.Text("ok")).ExcludeFromDescription();
        var watch = app.Services.GetRequiredService<LogWatch>();
        var desk = app.Services.GetRequiredService<OrderDesk>();
        var stop = app.Services.GetRequiredService<GracefulStop>();
        app.MapGet(
            "/healthz/ready",
            async () => stop.IsLeaving ? Results.Text("stopping", statusCode: 503)
                : !tables.Ready ? Results.Text("the catalog is being read", statusCode: 503)
                : !desk.IsWarm ? Results.Text("the first question to the database is open", statusCode: 503)
                : await watch.AnswersAsync() ? Results.Text("ok")
                : Results.Text("Kafka does not answer", statusCode: 503))
            .ExcludeFromDescription();
        app.MapOpenApi("/openapi/v1.json");
        ShopPages.Map(app);
    }

    /// <summary>
    /// Buyers have no business with the shop's figures: they stand on a port of their own, or, in local mode without one,
    /// beside everything else.
    /// </summary>
    private static void MapMetrics(WebApplication app)
    {
        var port = TelemetrySettings.PortOf(app.Configuration);
        var isLocal = app.Services.GetRequiredService<ApiSettings>().Local;
        app.MapMetrics(context => port is null ? isLocal : context.Connection.LocalPort == port);
    }

    private static void MapPartners(WebApplication app)
    {
        var events = app.Services.GetRequiredService<EventsEndpoint>();
        var replays = app.Services.GetRequiredService<WebhookReplayEndpoint>();
        app.MapGet(
            "/v1/events",
            (HttpContext c, [Description("The 'next' of an earlier answer; 'latest' = only what is to come; absent = the oldest.")] string? after,
                [Description("At most so many events, 1 to 1000 (100).")] string? limit,
                [Description("Seconds to wait for a first event, 0 to 30 (0).")] string? wait) =>
                events.HandleAsync(c, after, limit, wait))
            .WithSummary("Follow the events of all orders, for partners")
            .Produces<EventPage>().ProducesProblems(400, 401, 403, 410, 429, 503);
        app.MapPost("/v1/webhooks/replay", (Delegate)((HttpContext c) => replays.HandleAsync(c)))
            .WithSummary("Have events sent to your webhooks again")
            .Accepts<WebhookReplayRequest>("application/json").Produces<WebhookReplayAccepted>(StatusCodes.Status202Accepted)
            .ProducesProblems(400, 401, 403, 413, 415, 429, 503);
    }

    internal static RouteHandlerBuilder ProducesProblems(this RouteHandlerBuilder route, params int[] statuses)
    {
        foreach (var status in statuses)
        {
            route.Produces<Problem>(status, "application/problem+json");
        }

        return route;
    }

    private static async Task PlainStatusAsync(HttpContext context)
    {
        if (await ShopPages.ShowMissingAsync(context))
        {
            return;
        }

        var (title, detail) = context.Response.StatusCode switch
        {
            404 => ("There is nothing here", "See /openapi/v1.json for what there is."),
            405 => ("This address does not take that method", "The Allow header says which it takes."),
            415 => ("The body must be JSON", "Send Content-Type: application/json."),
            _ => ("The request was refused", (string?)null),
        };
        await Problem.Of(context.Response.StatusCode, title, detail).WriteAsync(context);
    }
}
