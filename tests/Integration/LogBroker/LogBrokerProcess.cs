using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace CardShop.Tests.Integration.LogBroker;

/// <summary>
/// A real broker process on a free loopback port with a data directory of its own. It can be killed, stopped and
/// started again on the same port and data. Disposing kills it and removes a directory that it made itself.
/// </summary>
[SuppressMessage("Usage", "CA2213", Justification = "killing the process disposes it")]
public sealed class LogBrokerProcess : IAsyncDisposable
{
    private const int KeptLogLines = 2000;
    private const string ReadyPrefix = "logbroker ready on 127.0.0.1:";
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    private readonly ConcurrentQueue<string> _log = new();
    private readonly bool _ownsDirectory;
    private readonly string[] _options;
    private readonly string[] _prefix;
    private Process? _process;

    private LogBrokerProcess(string? dataDirectory, string[] options, string[] prefix)
    {
        _prefix = prefix;
        _ownsDirectory = dataDirectory is null;
        DataDirectory = dataDirectory ?? Directory.CreateTempSubdirectory("logbroker-").FullName;
        _options = options;
    }

    public string DataDirectory { get; }

    public int Port { get; private set; }

    public string BootstrapServers => $"127.0.0.1:{Port.ToString(CultureInfo.InvariantCulture)}";

    /// <summary>What the broker has logged, the last lines of it.</summary>
    public IReadOnlyCollection<string> Log => _log;

    public int ProcessId => _process?.Id ?? throw new InvalidOperationException("the broker does not run");

    /// <summary>Starts a broker; returns when it accepts connections.</summary>
    /// <param name="dataDirectory">Where it keeps its data; null makes a directory that goes with the broker.</param>
    /// <param name="options">Further options of its command line.</param>
    public static Task<LogBrokerProcess> StartAsync(string? dataDirectory = null, params string[] options) =>
        StartUnderAsync([], dataDirectory, options);

    /// <summary>The same, by way of another command, such as one that enters a namespace.</summary>
    public static async Task<LogBrokerProcess> StartUnderAsync(
        string[] prefix, string? dataDirectory, params string[] options)
    {
        var broker = new LogBrokerProcess(dataDirectory, options, prefix);
        try
        {
            await broker.StartAgainAsync();
            return broker;
        }
        catch
        {
            await broker.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the broker that was killed or stopped, on the port that it had.</summary>
    public async Task StartAgainAsync()
    {
        var start = Command(_prefix, DataDirectory, Port, _options);
        var ready = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data?.StartsWith(ReadyPrefix, StringComparison.Ordinal) == true)
            {
                ready.TrySetResult(int.Parse(line.Data[ReadyPrefix.Length..], CultureInfo.InvariantCulture));
            }
        };
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.Exited += (_, _) => ready.TrySetException(
            new InvalidOperationException("the broker ended before it was ready: " + string.Join('\n', _log)));
        process.Start();
        _process = process;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        Port = await ready.Task.WaitAsync(StartTimeout);
    }

    /// <summary>Ends the process with no chance to finish anything (SIGKILL).</summary>
    public async Task KillAsync()
    {
        if (_process is { } process)
        {
            process.Kill();
            await process.WaitForExitAsync().WaitAsync(StartTimeout);
            process.Dispose();
            _process = null;
        }
    }

    /// <summary>Asks the process to end (SIGTERM); returns its exit code.</summary>
    public async Task<int> StopAsync()
    {
        var process = _process ?? throw new InvalidOperationException("the broker does not run");
        using (var kill = Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)]))
        {
            await kill.WaitForExitAsync();
        }

        await process.WaitForExitAsync().WaitAsync(StartTimeout);
        var code = process.ExitCode;
        process.Dispose();
        _process = null;
        return code;
    }

    /// <summary>Runs a broker that is expected to refuse to start; returns its exit code and what it said.</summary>
    public static async Task<(int Code, string Message)> RunToEndAsync(string dataDirectory, int port)
    {
        using var process = Process.Start(Command([], dataDirectory, port, []))!;
        var message = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(StartTimeout);
        return (process.ExitCode, await message);
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        if (_ownsDirectory)
        {
            Directory.Delete(DataDirectory, recursive: true);
        }
    }

    private static ProcessStartInfo Command(string[] prefix, string dataDirectory, int port, string[] options)
    {
        string[] command =
        [
            .. prefix,
            "dotnet",
            typeof(global::CardShop.LogBroker.Broker).Assembly.Location,
            "--port", port.ToString(CultureInfo.InvariantCulture),
            "--data", dataDirectory,
            .. options,
        ];
        return new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
    }

    private void Keep(string? line)
    {
        if (line is null)
        {
            return;
        }

        _log.Enqueue(line);
        if (_log.Count > KeptLogLines)
        {
            _log.TryDequeue(out _);
        }
    }
}
