using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace CardShop.Telemetry;

/// <summary>How all processes log: for people a line of text, for collectors a line of JSON.</summary>
public static class HouseLogging
{
    /// <param name="configuration">Setting <c>Logging__Format</c>: <c>text</c> (the usual) or <c>json</c>.</param>
    /// <exception cref="InvalidOperationException">The setting says something else.</exception>
    public static void AddHouseFormat(this ILoggingBuilder logging, IConfiguration configuration)
    {
        logging.ClearProviders();
        switch (configuration["Logging:Format"])
        {
            case null or "" or "text":
                logging.AddSimpleConsole(o =>
                {
                    o.SingleLine = true;
                    o.UseUtcTimestamp = true;
                    o.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
                });
                break;
            case "json":
                logging.Services.AddSingleton<ConsoleFormatter>(new JsonLineFormatter(TimeProvider.System));
                logging.AddConsole(o => o.FormatterName = JsonLineFormatter.FormatterName);
                break;
            case var other:
                throw new InvalidOperationException($"Setting Logging__Format must be text or json, not {other}.");
        }
    }
}
