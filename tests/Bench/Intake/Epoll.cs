using System.Runtime.InteropServices;

namespace CardShop.Tests.Bench.Intake;

/// <summary>
/// Linux's readiness notification and plain send and recv: two system calls per request and one wait for many, which is
/// all that a load generator on the measured machine may cost.
/// </summary>
internal sealed partial class Epoll : IDisposable
{
    private const int Add = 1;
    private const uint Readable = 1;
    private const int TryAgain = 11;
    private const int Interrupted = 4;
    private const int DontWait = 0x40;
    private const int NoSignal = 0x4000;

    // struct epoll_event is packed on x86-64 alone.
    private static readonly int EventSize = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    private readonly byte[] _events;
    private readonly int _epoll;

    public Epoll(int maxEvents)
    {
        _events = new byte[maxEvents * EventSize];
        _epoll = Create(0);
        if (_epoll < 0)
        {
            throw new BenchFailedException($"epoll_create1 failed: {Marshal.GetLastPInvokeError()}");
        }
    }

    /// <summary>Reports when a socket can be read, by <paramref name="index"/>.</summary>
    public void Watch(int socket, int index)
    {
        Span<byte> request = stackalloc byte[16];
        BitConverter.TryWriteBytes(request, Readable);
        BitConverter.TryWriteBytes(request[(EventSize - 8)..], (long)index);
        if (Control(_epoll, Add, socket, request) < 0)
        {
            throw new BenchFailedException($"epoll_ctl failed: {Marshal.GetLastPInvokeError()}");
        }
    }

    /// <returns>How many sockets can be read: <see cref="IndexOf"/> says which.</returns>
    public int Wait(int milliseconds)
    {
        var count = Wait(_epoll, _events, _events.Length / EventSize, milliseconds);
        return count >= 0 ? count
            : Marshal.GetLastPInvokeError() == Interrupted ? 0
            : throw new BenchFailedException($"epoll_wait failed: {Marshal.GetLastPInvokeError()}");
    }

    public int IndexOf(int place) => (int)BitConverter.ToInt64(_events, (place * EventSize) + EventSize - 8);

    /// <returns>Bytes sent; -1 where the socket is full. Throws when the connection is gone.</returns>
    public static int Send(int socket, ReadOnlySpan<byte> bytes) =>
        Outcome((int)Send(socket, bytes, (nuint)bytes.Length, DontWait | NoSignal), "send");

    /// <returns>Bytes received, 0 at the end; -1 where there is nothing.</returns>
    public static int Receive(int socket, Span<byte> target) =>
        Outcome((int)Receive(socket, target, (nuint)target.Length, DontWait), "recv");

    public void Dispose() => _ = Close(_epoll);

    private static int Outcome(int result, string call) =>
        result >= 0 ? result
        : Marshal.GetLastPInvokeError() is TryAgain or Interrupted ? -1
        : throw new BenchFailedException($"{call} failed: {Marshal.GetLastPInvokeError()}");

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Create(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Control(int epoll, int operation, int socket, Span<byte> request);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Wait(int epoll, [Out] byte[] events, int count, int timeout);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint Send(int socket, ReadOnlySpan<byte> bytes, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint Receive(int socket, Span<byte> target, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Close(int file);
}
