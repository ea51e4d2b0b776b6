using Microsoft.Extensions.Logging;

namespace CardShop.Tests.Integration.Shop;

/// <summary>Warnings and worse go to the run's output when CARDSHOP_TEST_LOGS is set.</summary>
public static class TestLogs
{
    public static ILoggerFactory Factory { get; } = LoggerFactory.Create(b =>
    {
        if (Environment.GetEnvironmentVariable("CARDSHOP_TEST_LOGS") is not null)
        {
            b.AddSimpleConsole(o => o.SingleLine = true).SetMinimumLevel(LogLevel.Information);
        }
    });
}
