using System.Text.Json;
using System.Text.Json.Serialization;
using CardShop.Sandbox.Alipay;
using CardShop.Sandbox.Books;
using CardShop.Sandbox.Control;
using CardShop.Sandbox.Faults;
using CardShop.Sandbox.Notices;
using CardShop.Sandbox.Pay;
using CardShop.Sandbox.Providers;
using CardShop.Sandbox.UnionPay;
using CardShop.Sandbox.WeChat;
using CardShop.Telemetry;

namespace CardShop.Sandbox;

/// <summary>The whole sandbox, put together. Tests build it with arguments of their own.</summary>
public static class SandboxApp
{
    public const string DefaultUrl = "http://127.0.0.1:8090";

    /// <summary>Builds the server; the caller runs it and disposes of it. Keys are made here when missing.</summary>
    /// <param name="args">As on the command line: <c>--urls</c>, <c>--Sandbox:AutoPay=true</c> and so on.</param>
    /// <param name="clock">The time that trades and schedules live by; the system's when null.</param>
    public static WebApplication Build(string[] args, TimeProvider? clock = null)
    {
        var builder = WebApplication.CreateSlimBuilder(HouseOptions.Of(args));
        builder.AddTelemetry("cardshop-sandbox");
        if (string.IsNullOrEmpty(builder.Configuration["urls"]))
        {
            builder.WebHost.UseUrls(DefaultUrl);
        }

        builder.WebHost.ConfigureKestrel(server =>
        {
            server.AddServerHeader = false;
            server.Limits.MaxRequestBodySize = 128 * 1024;
        });
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.Logging.AddFilter("System", LogLevel.Warning);
        var options = builder.Configuration.GetSection(SandboxOptions.Section).Get<SandboxOptions>() ?? new();
        options.Check();
        AddServices(builder.Services, options, clock ?? TimeProvider.System);

        var app = builder.Build();
        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            // The journal cannot be written, so nothing was done: the caller may try again.
            StatusCodeSelector = failure => failure is IOException
                ? StatusCodes.Status503ServiceUnavailable
                : StatusCodes.Status500InternalServerError,
        });
        app.UseStatusCodePages();
        Map(app, options);
        return app;
    }

    private static void AddServices(IServiceCollection services, SandboxOptions options, TimeProvider clock)
    {
        services.AddProblemDetails();
        services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower));
            json.SerializerOptions.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
            json.SerializerOptions.RespectRequiredConstructorParameters = true;
        });
        services.AddSingleton(options);
        services.AddSingleton(clock);
        services.AddSingleton<FaultPlan>();
        services.AddSingleton<CallGate>();
        services.AddSingleton<IProvider, AlipayProvider>();
        services.AddSingleton<IProvider, UnionPayProvider>();
        services.AddSingleton<IProvider, WeChatProvider>();
        services.AddSingleton(_ => new TradeJournal(options.DataDirectory ?? ""));
        services.AddSingleton(all => OpenBooks(options, clock, all));
        services.AddSingleton<NoticeSender>();
        services.AddHostedService(all => all.GetRequiredService<NoticeSender>());
    }

    private static SandboxBooks OpenBooks(SandboxOptions options, TimeProvider clock, IServiceProvider all)
    {
        var log = all.GetRequiredService<ILogger<SandboxBooks>>();
        if (string.IsNullOrEmpty(options.DataDirectory))
        {
            return new SandboxBooks(clock, maxTrades: options.MaxTrades);
        }

        var journal = all.GetRequiredService<TradeJournal>();
        var books = new SandboxBooks(clock, journal, options.MaxTrades);
        books.Restore(journal.Read());
        journal.Start(books.Snapshot());
        if (journal.SkippedLines > 0)
        {
            Log.JournalSkipped(log, journal.SkippedLines);
        }

        return books;
    }

    private static void Map(WebApplication app, SandboxOptions options)
    {
        var all = app.Services;
        var books = all.GetRequiredService<SandboxBooks>();
        var sender = all.GetRequiredService<NoticeSender>();
        var faults = all.GetRequiredService<FaultPlan>();
        foreach (var provider in all.GetServices<IProvider>())
        {
            provider.Map(app);
        }

        new PayEndpoints(books, options, faults).Map(app);
        new ControlEndpoints(books, sender, faults).Map(app);

        // Keys and books were read above: a process that answers at all is ready.
        app.MapMetrics();
        app.MapGet("/healthz/live", () => Results.Text("live"));
        app.MapGet("/healthz/ready", () => Results.Text("ready"));
        var log = all.GetRequiredService<ILogger<SandboxBooks>>();
        app.Lifetime.ApplicationStarted.Register(() =>
        {
            if (options.AutoPay)
            {
                PayAllOpen(books);
            }

            Log.Ready(log, string.Join(' ', app.Urls), books.Count, books.Unacknowledged().Count);
        });
    }

    /// <summary>What a killed process would have paid a moment later.</summary>
    private static void PayAllOpen(SandboxBooks books)
    {
        foreach (var trade in books.List(0, int.MaxValue))
        {
            if (trade.State is SandboxState.Offered or SandboxState.Waiting)
            {
                books.Pay(trade.Number);
            }
        }
    }
}
