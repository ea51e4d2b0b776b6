using CardShop.Tests.Simulation.Engine;
using Microsoft.Extensions.Logging;

namespace CardShop.Tests.Simulation.World;

/// <summary>What the code logs, as lines of the trace; no part of the hash.</summary>
internal sealed class TraceLogs(Sim sim, string process) : ILoggerFactory, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose()
    {
    }

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            sim.Say($"  {process}: {formatter(state, exception)}{(exception is null ? "" : " " + exception)}");
        }
    }
}
