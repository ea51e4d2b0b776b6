using System.Diagnostics;
using System.Text.Json;
using CardShop.Pipeline.Telemetry;
using CardShop.Telemetry;
using CardShop.Tests.Unit.Pipeline;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace CardShop.Tests.Unit.Telemetry;

public sealed class When_lines_are_written_as_json
{
    private static readonly EventId Named = new(1304, "GivenUp");

    [Fact]
    public void A_line_says_what_happened_to_which_order_in_which_trace()
    {
        using var activity = new Activity("test").SetIdFormat(ActivityIdFormat.W3C).Start();
        var scopes = new LoggerExternalScopeProvider();
        using var scope = scopes.Push(new KeyValuePair<string, object?>[] { new("order", "abc"), new("Loop", "hidden") });

        var line = Write(
            scopes, [new("Loop", "orders"), new("Failures", 4), new("{OriginalFormat}", "{Loop}: {Failures}")],
            new InvalidOperationException("broken\nin two"));

        Assert.DoesNotContain('\n', line.TrimEnd('\n'));
        var json = JsonDocument.Parse(line).RootElement;
        Assert.Equal("GivenUp", json.GetProperty("event").GetString());
        Assert.Equal(1304, json.GetProperty("eventId").GetInt32());
        Assert.Equal("error", json.GetProperty("level").GetString());
        Assert.Equal("orders: 4 卡密", json.GetProperty("message").GetString());
        Assert.Equal("orders", json.GetProperty("loop").GetString());
        Assert.Equal(4, json.GetProperty("failures").GetInt32());
        Assert.Equal("abc", json.GetProperty("order").GetString());
        Assert.Equal(activity.TraceId.ToHexString(), json.GetProperty("trace").GetString());
        Assert.Contains("broken", json.GetProperty("exception").GetString(), StringComparison.Ordinal);
        Assert.False(json.TryGetProperty("{OriginalFormat}", out _));
    }

    [Fact]
    public void Outside_any_trace_and_order_a_line_names_none()
    {
        var json = JsonDocument.Parse(Write(null, [], null)).RootElement;
        Assert.False(json.TryGetProperty("trace", out _));
        Assert.False(json.TryGetProperty("order", out _));
        Assert.False(json.TryGetProperty("exception", out _));
    }

    [Fact]
    public void The_pipelines_own_lines_have_names()
    {
        var lines = new List<EventId>();
        using var factory = LoggerFactory.Create(b => b.AddProvider(new Collecting(lines)));
        var logger = factory.CreateLogger("test");
        using (LogScopes.Order(logger, "abc"))
        {
            CardShop.Pipeline.PipelineLog.Parked(logger, 1, "type", "reason");
        }

        Assert.Equal("Parked", Assert.Single(lines).Name);
        Assert.Null(LogScopes.Order(logger, null));
    }

    [Fact]
    public void An_unknown_format_is_refused()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("Logging:Format", "xml")]).Build();
        var failure = Assert.Throws<InvalidOperationException>(
            () => new ServiceCollection().AddLogging(b => b.AddHouseFormat(configuration)));
        Assert.Contains("text or json", failure.Message, StringComparison.Ordinal);
    }

    private static string Write(
        LoggerExternalScopeProvider? scopes, List<KeyValuePair<string, object?>> state, Exception? exception)
    {
        using var text = new StringWriter();
        new JsonLineFormatter(new ManualTime()).Write(
            new LogEntry<List<KeyValuePair<string, object?>>>(
                LogLevel.Error, "category", Named, state, exception, (_, _) => "orders: 4 卡密"),
            scopes, text);
        return text.ToString();
    }

    private sealed class Collecting(List<EventId> lines) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Add(eventId);

        public void Dispose()
        {
            // Nothing is held.
        }
    }
}
