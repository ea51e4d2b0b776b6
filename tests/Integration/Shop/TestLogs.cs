using CardShop.Tests.Integration.Shop.Secrecy;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace CardShop.Tests.Integration.Shop;

/// <summary>All of it goes to the run's log; what is worth it to the run's output too when CARDSHOP_TEST_LOGS is set.</summary>
public static class TestLogs
{
    public static ILoggerFactory Factory { get; } = LoggerFactory.Create(b =>
    {
        b.SetMinimumLevel(LogLevel.Trace).AddProvider(RunLog.Shared);
        if (Environment.GetEnvironmentVariable("CARDSHOP_TEST_LOGS") is not null)
        {
            b.AddSimpleConsole(o => o.SingleLine = true).AddFilter<ConsoleLoggerProvider>(null, LogLevel.Information);
        }
    });
}
