using CardShop.Pipeline.Documents;
using Npgsql;
using Xunit;

namespace CardShop.Tests.Integration.Servers;

public sealed class When_only_one_process_may_work(TestServers servers)
{
    private const long Id = 42;

    [Fact]
    public async Task The_second_is_told_so_the_next_gets_it_and_whose_connection_is_cut_has_lost_it()
    {
        var connection = await servers.NewDatabaseAsync();
        await using var one = Database.Open(connection, "one");
        await using var other = Database.Open(connection, "other");
        var stop = TestContext.Current.CancellationToken;

        var first = await AdvisoryLock.TryTakeAsync(one, Id, stop);
        Assert.NotNull(first);
        Assert.Null(await AdvisoryLock.TryTakeAsync(other, Id, stop));
        await using (await AdvisoryLock.TryTakeAsync(other, "another", stop))
        {
            Assert.Null(await AdvisoryLock.TryTakeAsync(one, "another", stop));
        }

        await first.DisposeAsync();
        var second = await AdvisoryLock.TryTakeAsync(other, Id, stop);
        Assert.NotNull(second);

        await using (var cut = one.CreateCommand("SELECT pg_terminate_backend($1)"))
        {
            cut.Parameters.Add(new() { Value = second.Connection.ProcessID });
            await cut.ExecuteNonQueryAsync(stop);
        }

        await Eventually.TrueAsync(
            async () =>
            {
                await using var third = await AdvisoryLock.TryTakeAsync(one, Id, stop);
                return third is not null;
            },
            "the server has taken the lock from the lost connection");
        // What is lost is no error.
        await second.DisposeAsync();
    }

    [Fact]
    public async Task A_try_that_fails_keeps_no_connection()
    {
        var connection = new NpgsqlConnectionStringBuilder(await servers.NewDatabaseAsync()) { MaxPoolSize = 1, Timeout = 1 };
        await using var database = NpgsqlDataSource.Create(connection);
        using var cancelled = new CancellationTokenSource();
        await using (await AdvisoryLock.TryTakeAsync(database, Id, cancelled.Token))
        {
            // The pool's only connection is in use.
            await Assert.ThrowsAsync<NpgsqlException>(() => AdvisoryLock.TryTakeAsync(database, Id, cancelled.Token));
        }

        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => AdvisoryLock.TryTakeAsync(database, Id, cancelled.Token));
        await using var taken = await AdvisoryLock.TryTakeAsync(database, Id, TestContext.Current.CancellationToken);
        Assert.NotNull(taken);
    }
}
