using System.Diagnostics;
using System.Globalization;
using Confluent.Kafka;
using Xunit;

namespace CardShop.Tests.Integration.LogBroker;

public sealed class When_the_disk_is_full
{
    [Fact]
    public async Task Nothing_is_acknowledged_that_was_not_stored_and_writing_goes_on_when_there_is_space()
    {
        using var disk = await SmallDisk.MountAsync(megabytes: 12);
        await using var broker =
            await LogBrokerProcess.StartUnderAsync(disk.Prefix, disk.Path, "--segment-bytes", "1000000");
        await KafkaClients.CreateTopic(broker, "orders");
        await disk.WriteAsync("ballast", megabytes: 6);
        var acknowledged = new List<string>();
        using var producer = KafkaClients.Producer(
            broker, c => (c.EnableIdempotence, c.MessageSendMaxRetries, c.MessageTimeoutMs) = (false, 0, 5000));

        var refused = await ProduceUntilRefused(producer, acknowledged);
        await disk.RemoveAsync("ballast");
        acknowledged.Add(await ProduceUntilAccepted(producer));

        Assert.Equal(ErrorCode.KafkaStorageError, refused.Code);
        Assert.Equal(acknowledged, KafkaClients.ReadAll(broker, "orders").Select(r => r.Message.Key));
        await broker.KillAsync();
        await broker.StartAgainAsync();
        Assert.Equal(acknowledged, KafkaClients.ReadAll(broker, "orders").Select(r => r.Message.Key));
    }

    [Fact]
    public async Task An_idempotent_producer_waits_for_space_and_then_everything_is_stored_once_and_in_order()
    {
        using var disk = await SmallDisk.MountAsync(megabytes: 24);
        await using var broker =
            await LogBrokerProcess.StartUnderAsync(disk.Prefix, disk.Path, "--segment-bytes", "1000000");
        await KafkaClients.CreateTopic(broker, "orders");
        await disk.WriteAsync("ballast", megabytes: 20);
        var value = new string('x', 10_000);
        using (var producer = KafkaClients.Producer(broker, c => c.MessageTimeoutMs = 60_000))
        {
            var failures =
                KafkaClients.Enqueue(producer, "orders", Enumerable.Range(0, 800).Select(i => ($"{i}", value)));
            await KafkaClients.Until(() => broker.Log.Any(l => l.Contains("write failed", StringComparison.Ordinal)),
                "the disk is full");
            await disk.RemoveAsync("ballast");
            Assert.Equal(0, producer.Flush(KafkaClients.Patience));
            Assert.Empty(failures);
        }

        Assert.Equal(Enumerable.Range(0, 800).Select(i => $"{i}"),
            KafkaClients.ReadAll(broker, "orders").Select(r => r.Message.Key));
    }

    private static async Task<Error> ProduceUntilRefused(IProducer<string, string> producer, List<string> acknowledged)
    {
        var value = KafkaClients.Text(50_000, new Random(3));
        for (var i = 0; i < 1000; i++)
        {
            try
            {
                var message = new Message<string, string> { Key = $"{i}", Value = value };
                await producer.ProduceAsync("orders", message, TestContext.Current.CancellationToken);
                acknowledged.Add($"{i}");
            }
            catch (ProduceException<string, string> refused)
            {
                return refused.Error;
            }
        }

        throw new InvalidOperationException("the disk never became full");
    }

    private static async Task<string> ProduceUntilAccepted(IProducer<string, string> producer)
    {
        var deadline = Environment.TickCount64 + (long)KafkaClients.Patience.TotalMilliseconds;
        while (true)
        {
            try
            {
                var message = new Message<string, string> { Key = "space", Value = new string('x', 50_000) };
                await producer.ProduceAsync("orders", message, TestContext.Current.CancellationToken);
                return "space";
            }
            catch (ProduceException<string, string>) when (Environment.TickCount64 < deadline)
            {
                // the client may still be finding its way back
            }
        }
    }

    /// <summary>A small file system in a namespace of its own: it needs no root, and is gone with its holder.</summary>
    private sealed class SmallDisk : IDisposable
    {
        private readonly Process _holder;

        private SmallDisk(Process holder, string path)
        {
            _holder = holder;
            Path = path;
            var pid = holder.Id.ToString(CultureInfo.InvariantCulture);
            Prefix = ["nsenter", "--target", pid, "--user", "--mount", "--preserve-credentials", "--"];
        }

        public string Path { get; }

        public string[] Prefix { get; }

        public static async Task<SmallDisk> MountAsync(int megabytes)
        {
            var path = Directory.CreateTempSubdirectory("smalldisk-").FullName;
            var script = $"mount -t tmpfs -o size={megabytes}m none '{path}' && echo mounted && exec cat";
            var holder = Process.Start(
                new ProcessStartInfo("unshare", ["--user", "--map-root-user", "--mount", "sh", "-c", script])
                {
                    RedirectStandardInput = true,
                    RedirectStandardOutput = true,
                })!;
            Assert.Equal("mounted", await holder.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
            return new SmallDisk(holder, path);
        }

        public Task WriteAsync(string name, int megabytes) =>
            RunAsync("dd", "if=/dev/zero", $"of={Path}/{name}", "bs=1M", $"count={megabytes}", "status=none");

        public Task RemoveAsync(string name) => RunAsync("rm", $"{Path}/{name}");

        public void Dispose()
        {
            _holder.Kill();
            _holder.WaitForExit();
            _holder.Dispose();
            Directory.Delete(Path);
        }

        private async Task RunAsync(params string[] command)
        {
            using var process = Process.Start(Prefix[0], [.. Prefix[1..], .. command]);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal(0, process.ExitCode);
        }
    }
}
