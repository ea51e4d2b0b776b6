using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace CardShop.Tests.Bench.Intake;

/// <summary>What a load came to.</summary>
/// <param name="Accepted">Answers 202 within the measured time.</param>
/// <param name="Others">Answers of any other status.</param>
/// <param name="LatenciesMs">Of the accepted, sorted. Open loop: from the moment that the request was due.</param>
internal sealed record LoadResult(long Accepted, long Others, int OtherStatus, TimeSpan Time, IReadOnlyList<double> LatenciesMs)
{
    public double PerSecond => Accepted / Time.TotalSeconds;

    public double Percentile(double share) =>
        LatenciesMs.Count == 0 ? 0 : LatenciesMs[Math.Min(LatenciesMs.Count - 1, (int)(LatenciesMs.Count * share))];
}

/// <summary>
/// One thread, one epoll, keep-alive connections with at most one request each under way. Closed loop: every connection
/// sends its next request when its answer is there. Open loop: requests are due at even distances whatever the answers do;
/// what finds no free connection waits, and its wait counts.
/// </summary>
internal sealed class LoadGenerator : IDisposable
{
    private const int MaxAnswer = 8 * 1024;
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(10);

    private readonly Connection[] _connections;
    private readonly Epoll _epoll;
    private readonly OrderRequests _requests;
    private readonly Stack<Connection> _free = new();
    private readonly List<double> _latencies = new(1 << 20);
    private long _accepted;
    private long _others;
    private int _otherStatus;
    private int _underWay;

    public LoadGenerator(Uri server, int connections, OrderRequests requests)
    {
        _requests = requests;
        _epoll = new(connections);
        _connections = new Connection[connections];
        for (var i = 0; i < connections; i++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            socket.Connect(IPAddress.Loopback, server.Port);
            _connections[i] = new(socket);
            _epoll.Watch(_connections[i].Handle, i);
        }
    }

    /// <summary>As fast as the connections allow: first <paramref name="warmUp"/>, then what is measured.</summary>
    /// <param name="edge">Called at the beginning and at the end of what is measured.</param>
    public Task<LoadResult> SaturateAsync(TimeSpan warmUp, TimeSpan duration, Action edge, CancellationToken cancellation) =>
        OnOwnThreadAsync(() =>
        {
            foreach (var connection in _connections)
            {
                Send(connection, Stopwatch.GetTimestamp());
            }

            Turn(Stopwatch.GetTimestamp() + Ticks(warmUp), again: true, cancellation);
            Reset();
            edge();
            var from = Stopwatch.GetTimestamp();
            Turn(from + Ticks(duration), again: true, cancellation);
            var time = Stopwatch.GetElapsedTime(from);
            edge();
            var result = Result(time);
            Finish(cancellation);
            return result;
        });

    /// <summary>At a fixed rate.</summary>
    public Task<LoadResult> PaceAsync(double perSecond, TimeSpan duration, CancellationToken cancellation) =>
        OnOwnThreadAsync(() =>
        {
            Reset();
            _free.Clear();
            foreach (var connection in _connections)
            {
                _free.Push(connection);
            }

            var total = (long)(perSecond * duration.TotalSeconds);
            var step = Stopwatch.Frequency / perSecond;
            var from = Stopwatch.GetTimestamp();
            var sent = 0L;
            while (sent < total && !cancellation.IsCancellationRequested)
            {
                var now = Stopwatch.GetTimestamp();
                while (sent < total && _free.Count > 0 && from + (long)(sent * step) <= now)
                {
                    Send(_free.Pop(), from + (long)(sent * step));
                    sent++;
                }

                Take(_epoll.Wait(1), again: false);
            }

            cancellation.ThrowIfCancellationRequested();
            Finish(cancellation);
            return Result(Stopwatch.GetElapsedTime(from));
        });

    public void Dispose()
    {
        foreach (var connection in _connections)
        {
            connection.Socket.Dispose();
        }

        _epoll.Dispose();
    }

    private static Task<LoadResult> OnOwnThreadAsync(Func<LoadResult> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);

    private void Turn(long until, bool again, CancellationToken cancellation)
    {
        while (Stopwatch.GetTimestamp() < until && !cancellation.IsCancellationRequested)
        {
            Take(_epoll.Wait(100), again);
        }

        cancellation.ThrowIfCancellationRequested();
    }

    /// <summary>Waits for the answers that are still under way.</summary>
    private void Finish(CancellationToken cancellation)
    {
        var until = Stopwatch.GetTimestamp() + Ticks(DrainLimit);
        while (_underWay > 0 && !cancellation.IsCancellationRequested)
        {
            if (Stopwatch.GetTimestamp() > until)
            {
                throw new BenchFailedException($"{_underWay} requests were not answered within {DrainLimit.TotalSeconds} s.");
            }

            Take(_epoll.Wait(100), again: false);
        }

        cancellation.ThrowIfCancellationRequested();
    }

    private void Take(int ready, bool again)
    {
        for (var i = 0; i < ready; i++)
        {
            var connection = _connections[_epoll.IndexOf(i)];
            if (!Receive(connection))
            {
                continue;
            }

            _underWay--;
            if (again)
            {
                Send(connection, Stopwatch.GetTimestamp());
            }
            else
            {
                _free.Push(connection);
            }
        }
    }

    private void Send(Connection connection, long due)
    {
        var request = _requests.Next();
        if (Epoll.Send(connection.Handle, request) != request.Length)
        {
            throw new BenchFailedException("A request did not fit into an empty socket.");
        }

        connection.Due = due;
        connection.Received = 0;
        _underWay++;
    }

    /// <returns>True when the answer is complete.</returns>
    private bool Receive(Connection connection)
    {
        var count = Epoll.Receive(connection.Handle, connection.Answer.AsSpan(connection.Received));
        if (count == 0)
        {
            throw new BenchFailedException("The server closed a connection.");
        }

        connection.Received += Math.Max(count, 0);
        var status = HttpAnswer.StatusOf(connection.Answer.AsSpan(0, connection.Received));
        if (status == 0)
        {
            return false;
        }

        if (status == 202)
        {
            _accepted++;
            _latencies.Add(Stopwatch.GetElapsedTime(connection.Due).TotalMilliseconds);
        }
        else
        {
            _others++;
            _otherStatus = status;
        }

        return true;
    }

    private void Reset()
    {
        _accepted = 0;
        _others = 0;
        _otherStatus = 0;
        _latencies.Clear();
    }

    private LoadResult Result(TimeSpan time) => new(_accepted, _others, _otherStatus, time, [.. _latencies.Order()]);

    private sealed class Connection(Socket socket)
    {
        public Socket Socket { get; } = socket;

        public int Handle { get; } = (int)socket.Handle;

        public byte[] Answer { get; } = new byte[MaxAnswer];

        public int Received { get; set; }

        public long Due { get; set; }
    }
}
