using CardShop.Pipeline.Bus;
using Xunit;

namespace CardShop.Tests.Unit.Pipeline;

public sealed class When_RabbitMQ_has_several_nodes
{
    [Theory]
    [InlineData("amqp://u:p@a:5672/", "a:5672")]
    [InlineData("amqp://u:p@a:5672/v?hosts=b:5673,c:5674", "a:5672 b:5673 c:5674")]
    [InlineData("amqps://u:p@a/?hosts=10.0.0.2", "a:-1 10.0.0.2:-1")]
    public void Each_is_named_by_the_address(string uri, string nodes) =>
        Assert.Equal(nodes, string.Join(' ', RabbitNodes.Of(new(uri)).Select(n => $"{n.Host}:{n.Port}")));

    [Theory]
    [InlineData("amqp://u:geheim@a/?host=b")]
    [InlineData("amqp://u:geheim@a/?hosts=")]
    [InlineData("amqp://u:geheim@a/?hosts=b,,c")]
    [InlineData("amqp://u:geheim@a/?hosts=x@b")]
    public void What_is_no_node_is_refused_without_a_word_of_the_password(string uri) =>
        Assert.DoesNotContain("geheim", Assert.Throws<InvalidOperationException>(() => RabbitNodes.Of(new(uri))).Message, StringComparison.Ordinal);
}
