using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using CardShop.LogBroker.Apis;
using CardShop.LogBroker.Protocol;
using CardShop.LogBroker.Storage;
using Microsoft.Extensions.Logging;

namespace CardShop.LogBroker.Network;

/// <summary>
/// One client. Requests are read and handled in order and answered in order. Produce requests overlap: the next is read
/// while earlier ones wait for the disk. Any other request is answered before the next is handled, as Kafka does it, so
/// a waiting fetch or join holds back its own connection only.
/// </summary>
internal sealed class Connection(Socket socket, ApiTable apis, MemoryBudget budget, BrokerOptions options,
    ILogger logger)
{
    private const int PipelinedAnswers = 64;
    private const int ReceiveBufferSize = 16 * 1024;

    /// <summary>
    /// Requests up to this size do not wait for memory, so that heartbeats pass while large ones queue.
    /// </summary>
    private const int SmallRequest = 64 * 1024;

    private const int SendPieceSize = 128 * 1024;

    /// <summary>A request that has begun must have come by then: until then it holds memory.</summary>
    private static readonly TimeSpan ReceiveTimeout = TimeSpan.FromSeconds(30);

    /// <summary>A client may be busy with its records for a while before it reads on; it costs us one piece.</summary>
    private static readonly TimeSpan SendTimeout = TimeSpan.FromMinutes(5);

    private readonly Channel<Task<Response?>> _answers = Channel.CreateBounded<Task<Response?>>(
        new BoundedChannelOptions(PipelinedAnswers)
        {
            SingleReader = true,
            SingleWriter = true,

            // The sender begins to wait for an answer on the thread that has read the request: nobody is woken for it.
            AllowSynchronousContinuations = true,
        });

    private readonly byte[] _received = new byte[ReceiveBufferSize];
    private int _receivedStart;
    private int _receivedEnd;

    public string Remote { get; } = socket.RemoteEndPoint?.ToString() ?? "unknown";

    private string Host { get; } = (socket.RemoteEndPoint as IPEndPoint)?.Address.ToString() ?? "unknown";

    /// <summary>Serves the client until it leaves, misbehaves, or the broker stops.</summary>
    public async Task Run(CancellationToken stopping)
    {
        socket.NoDelay = true;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping);
#pragma warning disable CA2025 // the last line of the finally block waits for the sender before the source goes
        var sending = Send(ending);
#pragma warning restore CA2025
        try
        {
            await Receive(ending.Token);
        }
        catch (MalformedRequestException malformed)
        {
            logger.MalformedRequest(Remote, malformed.Message);
        }
        catch (Exception gone) when (
            gone is SocketException or OperationCanceledException or IOException or ObjectDisposedException)
        {
            logger.ConnectionEnded(Remote, gone.Message);
        }
        finally
        {
            _answers.Writer.Complete();
            if (!ending.IsCancellationRequested)
            {
                // What was accepted is still answered, even when the request behind it was refused.
                await sending.WaitAsync(ReceiveTimeout, CancellationToken.None)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            await ending.CancelAsync();
            socket.Dispose();
            await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await DiscardAnswers();
        }
    }

    private async Task Receive(CancellationToken ending)
    {
        var prefix = new byte[4];
        while (await TryFill(prefix, ending))
        {
            var size = BinaryPrimitives.ReadInt32BigEndian(prefix);
            if (size < 8 || size > options.MaxRequestBytes)
            {
                throw new MalformedRequestException($"a request of {size} bytes");
            }

            var counted = size > SmallRequest ? size : 0;
            await budget.Take(counted);
            var buffer = ArrayPool<byte>.Shared.Rent(size);
            try
            {
                await Fill(buffer.AsMemory(0, size), ending);
                if (!await Handle(buffer.AsMemory(0, size), ending))
                {
                    return;
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
                budget.Release(counted);
            }
        }
    }

    /// <summary>Handles one request; false when the connection must end.</summary>
    private async Task<bool> Handle(Memory<byte> frame, CancellationToken ending)
    {
        if (!apis.TryRead(frame, Host, ending, out var request, out var key, out var version))
        {
            logger.UnsupportedRequest(Remote, key, version);
            return false;
        }

        var answer = apis.Handle(request);
        try
        {
            await _answers.Writer.WriteAsync(answer, ending);
        }
        catch (OperationCanceledException)
        {
            await Discard(answer);
            throw;
        }

        if (request.Key != ApiKey.Produce)
        {
            await ((Task)answer).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (answer.IsFaulted && answer.Exception.InnerException is { } failure)
        {
            if (failure is MalformedRequestException)
            {
                throw failure;
            }

            logger.RequestFailed(failure, Remote, key, version);
            return false;
        }

        return !ending.IsCancellationRequested;
    }

    private async Task Fill(Memory<byte> into, CancellationToken ending)
    {
        var buffered = Math.Min(into.Length, _receivedEnd - _receivedStart);
        _received.AsSpan(_receivedStart, buffered).CopyTo(into.Span);
        _receivedStart += buffered;
        into = into[buffered..];
        if (into.IsEmpty)
        {
            return;
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ending);
        patience.CancelAfter(ReceiveTimeout);
        while (!into.IsEmpty)
        {
            var received = await socket.ReceiveAsync(into, patience.Token);
            into = received > 0 ? into[received..] : throw new IOException("ended within a request");
        }
    }

    /// <summary>
    /// Fills a few bytes through the receive buffer; false when the client has left at a request's end.
    /// </summary>
    private async Task<bool> TryFill(byte[] into, CancellationToken ending)
    {
        while (_receivedEnd - _receivedStart < into.Length)
        {
            if (_receivedStart > 0)
            {
                Buffer.BlockCopy(_received, _receivedStart, _received, 0, _receivedEnd - _receivedStart);
                (_receivedStart, _receivedEnd) = (0, _receivedEnd - _receivedStart);
            }

            var received = await socket.ReceiveAsync(_received.AsMemory(_receivedEnd), ending);
            if (received == 0)
            {
                return _receivedEnd == 0 ? false : throw new IOException("ended within a request");
            }

            _receivedEnd += received;
        }

        _received.AsSpan(_receivedStart, into.Length).CopyTo(into);
        _receivedStart += into.Length;
        return true;
    }

    /// <summary>Sends the answers in their order; small ones that are ready together go out together.</summary>
    private async Task Send(CancellationTokenSource ending)
    {
        using var gathered = new GatheredAnswers();
        try
        {
            while (await _answers.Reader.WaitToReadAsync(ending.Token))
            {
                while (_answers.Reader.TryRead(out var pending))
                {
                    if (!pending.IsCompletedSuccessfully)
                    {
                        await Send(gathered, ending.Token); // they are not held back by one that is to come
                    }

                    using var answer = await pending;
                    if (answer is not null)
                    {
                        await Send(answer, gathered, ending.Token);
                    }
                }

                await Send(gathered, ending.Token);
            }
        }
        catch (Exception gone) when (
            gone is SocketException or OperationCanceledException or IOException or ObjectDisposedException)
        {
            logger.ConnectionEnded(Remote, gone.Message);
            await ending.CancelAsync();
        }
    }

    private async Task Send(Response answer, GatheredAnswers gathered, CancellationToken ending)
    {
        answer.Seal();
        if (gathered.TryAdd(answer))
        {
            return;
        }

        await Send(gathered, ending);
        if (!gathered.TryAdd(answer))
        {
            await Send(answer, ending);
        }
    }

    private async Task Send(GatheredAnswers gathered, CancellationToken ending)
    {
        if (!gathered.Bytes.IsEmpty)
        {
            await Patiently(patience => SendAll(gathered.Bytes, patience), ending);
            gathered.Clear();
        }
    }

    private Task Send(Response answer, CancellationToken ending) => Patiently(
        async patience =>
        {
            var sent = 0;
            foreach (var (position, region) in answer.Regions)
            {
                await SendAll(answer.Writer.Written[sent..position], patience);
                sent = position;
                await SendRegion(region, patience);
            }

            await SendAll(answer.Writer.Written[sent..], patience);
        },
        ending);

    private async Task Patiently(Func<CancellationTokenSource, Task> send, CancellationToken ending)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ending);
        try
        {
            await send(patience);
        }
        catch (OperationCanceledException) when (!ending.IsCancellationRequested)
        {
            logger.SlowConnection(Remote, SendTimeout.TotalSeconds);
            throw new IOException("the client takes no data");
        }
    }

    /// <summary>
    /// Reads and sends a region piece by piece: a slow consumer holds one piece of memory, not its whole answer.
    /// </summary>
    private async Task SendRegion(FileRegion region, CancellationTokenSource patience)
    {
        var piece = ArrayPool<byte>.Shared.Rent(Math.Min(SendPieceSize, region.Length));
        try
        {
            for (var offset = 0; offset < region.Length;)
            {
                var read = region.Read(offset, piece.AsSpan(0, Math.Min(piece.Length, SendPieceSize)));
                await SendAll(piece.AsMemory(0, read), patience);
                offset += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    private async Task SendAll(ReadOnlyMemory<byte> bytes, CancellationTokenSource patience)
    {
        while (!bytes.IsEmpty)
        {
            patience.CancelAfter(SendTimeout);
            bytes = bytes[await socket.SendAsync(bytes, patience.Token)..];
        }
    }

    /// <summary>Answers nobody will get may still hold segments open.</summary>
    private async Task DiscardAnswers()
    {
        while (_answers.Reader.TryRead(out var pending))
        {
            await Discard(pending);
        }
    }

    private static async Task Discard(Task<Response?> pending)
    {
        await ((Task)pending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (pending.IsCompletedSuccessfully)
        {
            (await pending)?.Dispose();
        }
    }
}
