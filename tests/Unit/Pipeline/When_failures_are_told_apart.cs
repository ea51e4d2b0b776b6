using System.Net.Sockets;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using Confluent.Kafka;
using Npgsql;
using RabbitMQ.Client.Exceptions;
using Xunit;

namespace CardShop.Tests.Unit.Pipeline;

public sealed class When_failures_are_told_apart
{
    /// <summary>Whatever no message can cause is the place's: counting it would give orders up while a server is away.</summary>
    [Theory]
    [InlineData("08006")] // connection failure
    [InlineData("08P01")] // protocol violation
    [InlineData("25006")] // a standby after a failover
    [InlineData("25P03")] // idle in transaction too long: the session was ended
    [InlineData("28P01")] // password refused: it was rotated
    [InlineData("28000")] // log-in refused
    [InlineData("3D000")] // the database is not there: it is being restored
    [InlineData("3F000")] // nor the schema
    [InlineData("40001")] // serialisation
    [InlineData("40P01")] // deadlock
    [InlineData("42501")] // no right
    [InlineData("42P01")] // the table is not there
    [InlineData("53100")] // disk full
    [InlineData("53300")] // too many connections
    [InlineData("55P03")] // lock time-out
    [InlineData("57014")] // cancelled
    [InlineData("57P01")] // shutting down
    [InlineData("57P03")] // starting up
    [InlineData("58030")] // I/O error
    [InlineData("XX000")] // internal
    public void These_are_the_places(string state)
    {
        Assert.True(Failures.IsPlace(Sql(state)));
        Assert.False(Failures.IsConflict(Sql(state)));
    }

    [Theory]
    [InlineData("23505")] // a taken id
    [InlineData("23514")] // a broken check: stock
    public void These_are_conflicts(string state)
    {
        Assert.True(Failures.IsConflict(Sql(state)));
        Assert.False(Failures.IsPlace(Sql(state)));
    }

    [Theory]
    [InlineData("22001")] // too long
    [InlineData("22021")] // a zero character in text
    [InlineData("22003")] // out of range
    [InlineData("23502")] // null
    [InlineData("22P02")] // no valid text for the type
    public void These_are_the_messages(string state)
    {
        Assert.False(Failures.IsPlace(Sql(state)));
        Assert.False(Failures.IsConflict(Sql(state)));
    }

    [Fact]
    public void Exceptions_of_servers_are_the_places_and_all_others_the_messages()
    {
        Exception[] places =
        [
            new PlaceException("p"), new FencedException("f"), new TimeoutException(), new IOException(), new SocketException(1),
            new NpgsqlException("lost"), new KafkaException(ErrorCode.Local_AllBrokersDown),
            new BrokerUnreachableException(new IOException()), new ObjectDisposedException("channel"),
            new OperationCanceledException(),
        ];
        Exception[] messages =
        [
            new PoisonMessageException("p"), new InvalidOperationException(), new ArgumentException("a"),
            new NullReferenceException(), new FormatException(), new KeyNotFoundException(), new OverflowException(),
        ];
        Assert.All(places, e => Assert.True(Failures.IsPlace(e), e.GetType().Name));
        Assert.All(messages, e => Assert.False(Failures.IsPlace(e) || Failures.IsConflict(e), e.GetType().Name));
        Assert.True(Failures.IsConflict(new ConflictException("c")));
        Assert.False(Failures.IsPlace(new ConflictException("c")));
    }

    [Theory]
    [InlineData(1, null, "Now")]
    [InlineData(3, null, "Now")]
    [InlineData(4, null, "GiveUp")]
    [InlineData(1, 0, "Now")]
    [InlineData(3, 2, "Now")]
    [InlineData(4, 0, "Later 0")]
    [InlineData(4, 1, "Later 1")]
    [InlineData(4, 2, "Later 2")]
    [InlineData(4, 3, "GiveUp")]
    [InlineData(9, 7, "GiveUp")]
    public void Retry_is_a_table(int failures, int? rounds, string expected)
    {
        var action = RetryPolicy.Decide(new InvalidOperationException(), failures, rounds);
        Assert.Equal(expected, action is RetryAction.Later later ? $"Later {later.Round}" : action.GetType().Name);
        Assert.IsType<RetryAction.GiveUp>(RetryPolicy.Decide(new PoisonMessageException("p"), failures, rounds));
    }

    [Fact]
    public void The_delays_are_those_of_the_queues() => Assert.Equal(
        [(".retry.5s", 5.0), (".retry.1m", 60), (".retry.10m", 600)],
        RetryPolicy.Delays.Select(d => (d.Suffix, d.Delay.TotalSeconds)));

    private static PostgresException Sql(string state) => new("text", "ERROR", "ERROR", state);
}
