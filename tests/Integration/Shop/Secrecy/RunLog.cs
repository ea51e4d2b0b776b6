using System.Text;
using Microsoft.Extensions.Logging;

namespace CardShop.Tests.Integration.Shop.Secrecy;

/// <summary>
/// Everything that is logged inside the process of a run, in one file: what the fleets are given to log by, and what
/// hosts write to the console, which still shows it. Any thread.
/// </summary>
public sealed class RunLog : TextWriter, ILoggerProvider
{
    private readonly Lock _lock = new();
    private readonly TextWriter _console = Console.Out;
    private FileStream? _file;

    private RunLog()
    {
    }

    /// <summary>The process has one console, and therefore one of these.</summary>
    public static RunLog Shared { get; } = new();

    public override Encoding Encoding => Encoding.UTF8;

    /// <summary>From now on all goes to this file.</summary>
    public void Open(string path)
    {
        lock (_lock)
        {
            _file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
        }

        Console.SetOut(this);
        Console.SetError(this);
    }

    public override void Write(char value) => Write([value]);

    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    public override void Write(string? value) => Write(value.AsSpan());

    public override void Write(ReadOnlySpan<char> buffer)
    {
        lock (_lock)
        {
            Append(buffer);
            _console.Write(buffer);
        }
    }

    public ILogger CreateLogger(string categoryName) => new Lines(this, categoryName);

    public override void Flush()
    {
        lock (_lock)
        {
            _file?.Flush();
        }
    }

    /// <summary>Ends the file; the console is as it was.</summary>
    public override void Close()
    {
        Console.SetOut(_console);
        lock (_lock)
        {
            _file?.Dispose();
            _file = null;
        }
    }

    /// <summary>Factories dispose of their providers; this one lives as long as the run, and <see cref="Close"/> ends it.</summary>
    protected override void Dispose(bool disposing)
    {
        Flush();
        base.Dispose(disposing);
    }

    private void Append(ReadOnlySpan<char> text)
    {
        if (_file is not null)
        {
            var bytes = new byte[Encoding.GetByteCount(text)];
            Encoding.GetBytes(text, bytes);
            _file.Write(bytes);
        }
    }

    private void Line(string text)
    {
        lock (_lock)
        {
            Append(text);
        }
    }

    private sealed class Lines(RunLog log, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            // Structured values go to a log store too, whether the text shows them or not.
            var values = state is IEnumerable<KeyValuePair<string, object?>> named
                ? string.Join(' ', named.Select(v => $"{v.Key}={v.Value}"))
                : string.Empty;
            log.Line($"{logLevel} {category} {formatter(state, exception)} {values} {exception}\n");
        }
    }
}
