using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace CardShop.Tests.Bench.Broker;

/// <summary>What the machine itself can do, in bytes per second.</summary>
internal static class RawLimits
{
    private const int Piece = 256 * 1024;

    /// <summary>Writes one file from start to end, synced after every group.</summary>
    public static double WriteWithSync(string directory, int groupBytes, TimeSpan duration)
    {
        var path = Path.Combine(directory, "raw-limit");
        var group = new byte[groupBytes];
        new Random(1).NextBytes(group);
        long written = 0;
        var clock = Stopwatch.StartNew();
        using (var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write))
        {
            while (clock.Elapsed < duration)
            {
                RandomAccess.Write(file, group, written);
                global::CardShop.LogBroker.Storage.NativeFile.Sync(file);
                written += group.Length;
            }
        }

        clock.Stop();
        File.Delete(path);
        return written / clock.Elapsed.TotalSeconds;
    }

    /// <summary>
    /// Reads a file again and again, and sends it through a loopback socket to a reader that drops it.
    /// </summary>
    public static async Task<double> ReadThroughSocketAsync(string path, TimeSpan duration, CancellationToken ct)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        using var reader = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await reader.ConnectAsync(listener.LocalEndPoint!, ct);
        using var sender = await listener.AcceptAsync(ct);
        var clock = Stopwatch.StartNew();
#pragma warning disable CA2025 // awaited below, before the socket goes
        var sending = Task.Run(() => SendAsync(sender, path, duration, ct), ct);
#pragma warning restore CA2025
        var into = new byte[Piece];
        long received = 0;
        for (var read = 1; read > 0; received += read)
        {
            read = await reader.ReceiveAsync(into, ct);
        }

        await sending;
        return received / clock.Elapsed.TotalSeconds;
    }

    private static async Task SendAsync(Socket to, string path, TimeSpan duration, CancellationToken ct)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var piece = new byte[Piece];
        var clock = Stopwatch.StartNew();
        for (long position = 0; clock.Elapsed < duration;)
        {
            var read = await RandomAccess.ReadAsync(file, piece, position, ct);
            position = read == 0 ? 0 : position + read;
            await to.SendAsync(piece.AsMemory(0, read), ct);
        }

        to.Shutdown(SocketShutdown.Send);
    }
}
