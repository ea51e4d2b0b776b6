using CardShop.Local.Parts;
using CardShop.Local.Processes;
using CardShop.Local.Servers;
using Npgsql;
using Xunit;

namespace CardShop.Tests.Integration.Servers;

public sealed class When_servers_come_and_go(TestServers servers)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task PostgreSQL_keeps_committed_rows_over_a_kill_and_restarts_on_its_port()
    {
        await using var server = PostgresServer.Create(servers.NewFolder("postgres"), sharedBuffersMegabytes: 32);
        await server.StartAsync(Cancel);
        var port = server.Port;
        await ExecuteAsync(server.ConnectionString, "CREATE TABLE t (n int); INSERT INTO t SELECT generate_series(1, 1000)");

        var backends = ProcessTable.WorkingIn(server.DataDirectory, "postgres");
        Assert.NotEmpty(backends);
        await server.KillAsync();
        Assert.DoesNotContain(backends, ProcessTable.IsAlive);
        await server.StartAsync(Cancel);

        Assert.Equal(port, server.Port);
        Assert.Equal(1000L, await ExecuteAsync(server.ConnectionString, "SELECT count(*) FROM t"));
    }

    [Fact]
    public async Task PostgreSQL_is_durable_and_lets_nobody_in_without_the_password()
    {
        await using var server = PostgresServer.Create(servers.NewFolder("postgres"), sharedBuffersMegabytes: 32);
        await server.StartAsync(Cancel);

        foreach (var setting in (string[])["fsync", "synchronous_commit", "full_page_writes"])
        {
            Assert.Equal("on", await ExecuteAsync(server.ConnectionString, $"SHOW {setting}"));
        }

        var wrong = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Password = "wrong", Pooling = false };
        var refused = await Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync(wrong.ConnectionString, "SELECT 1"));
        Assert.Equal("28P01", refused.SqlState);
    }

    [Fact]
    public async Task RabbitMQ_ends_with_all_its_processes_when_killed_and_starts_again_with_its_vhosts()
    {
        await using var server = RabbitMqServer.Create(servers.NewFolder("rabbitmq"));
        await server.StartAsync(Cancel);
        await RabbitMqServer.CreateVhostAsync(server.ManagementUri, "kept", Cancel);

        var processes = ProcessTable.Descendants(server.ProcessId);
        Assert.NotEmpty(processes);
        await server.KillAsync();
        Assert.DoesNotContain(processes, ProcessTable.IsAlive);
        await server.StartAsync(Cancel);

        var factory = new RabbitMQ.Client.ConnectionFactory { Uri = new Uri(server.UriOf("kept")) };
        await using var connection = await factory.CreateConnectionAsync(Cancel);
        Assert.True(connection.IsOpen);
    }

    [Fact]
    public async Task LogBroker_answers_again_on_its_port_after_a_kill()
    {
        await using var server = LogBrokerServer.Create(servers.NewFolder("logbroker"));
        await server.StartAsync(Cancel);
        var (address, process) = (server.BootstrapServers, ProcessTable.Find(server.ProcessId)!.Value);

        await server.KillAsync();
        Assert.False(ProcessTable.IsAlive(process));
        Assert.Equal(0, server.ProcessId);
        await server.StartAsync(Cancel);
        await server.RestartAsync(Cancel);

        Assert.Equal(address, server.BootstrapServers);
        Assert.NotEqual(0, server.ProcessId);
    }

    [Fact]
    public async Task A_server_that_cannot_start_says_why_in_its_own_words()
    {
        await using var first = LogBrokerServer.Create(servers.NewFolder("logbroker"));
        await first.StartAsync(Cancel);
        await using var second = LogBrokerServer.Create(servers.NewFolder("logbroker"), first.Port);

        var failure = await Assert.ThrowsAsync<PartFailedException>(() => second.StartAsync(Cancel));

        Assert.Contains("taken", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_new_database_and_vhost_is_another_one()
    {
        Assert.NotEqual(await servers.NewDatabaseAsync(), await servers.NewDatabaseAsync());
        var vhost = await servers.NewVhostAsync();
        Assert.NotEqual(vhost, await servers.NewVhostAsync());
        await using var connection = await new RabbitMQ.Client.ConnectionFactory { Uri = new Uri(vhost) }.CreateConnectionAsync(Cancel);
        Assert.True(connection.IsOpen);
    }

    private static async Task<object?> ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync(Cancel);
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Only texts of this file come here.
        command.CommandText = sql;
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync(Cancel);
    }
}
