using CardShop.Pipeline.Documents;
using Npgsql;
using Xunit;

namespace CardShop.Tests.Unit.Pipeline;

public sealed class When_there_are_several_database_servers
{
    // Nobody listens on these ports.
    private const string Several = "Host=127.0.0.1:1,127.0.0.1:2;Database=d;Username=u;Password=p;SSL Mode=Disable";

    [Theory]
    [InlineData("")]
    [InlineData(";Target Session Attributes=primary")]
    [InlineData(";Target Session Attributes=read-write")]
    public async Task Each_is_tried_and_the_failure_is_that_of_a_place(string target)
    {
        await using var database = Database.Open(Several + target, "test");
        await Assert.ThrowsAsync<NpgsqlException>(
            async () => await database.OpenConnectionAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public void A_standby_is_refused()
    {
        var refused = Assert.Throws<InvalidOperationException>(() => Database.Open(Several + ";Target Session Attributes=standby", "test"));
        Assert.Contains("primary or read-write", refused.Message, StringComparison.Ordinal);
    }
}
