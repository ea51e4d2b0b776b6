using RabbitMQ.Client;

namespace CardShop.Pipeline.Bus;

/// <summary>
/// The nodes of a cluster, as <c>RabbitMq__Uri</c> names them: <c>amqp://user@a:5672/vhost?hosts=b:5672,c:5672</c>. Where one
/// name or address stands for all of them, it needs no <c>hosts</c>.
/// </summary>
public static class RabbitNodes
{
    private const string Parameter = "?hosts=";

    /// <summary>Every node's host and port; -1: the protocol's own port.</summary>
    /// <exception cref="InvalidOperationException">What stands behind the question mark is something else.</exception>
    public static IReadOnlyList<(string Host, int Port)> Of(Uri uri)
    {
        var nodes = new List<(string Host, int Port)> { (uri.Host, uri.Port) };
        if (uri.Query.Length == 0)
        {
            return nodes;
        }

        var others = uri.Query.StartsWith(Parameter, StringComparison.Ordinal) ? uri.Query[Parameter.Length..].Split(',') : [];
        foreach (var other in others)
        {
            if (Uri.TryCreate($"{uri.Scheme}://{other}/", UriKind.Absolute, out var node) && node.Host.Length > 0 && node.UserInfo.Length == 0)
            {
                nodes.Add((node.Host, node.Port));
            }
        }

        return others.Length > 0 && nodes.Count == others.Length + 1
            ? nodes
            : throw new InvalidOperationException(
                "Setting RabbitMq__Uri names further nodes as ?hosts=HOST:PORT,HOST:PORT and nothing else behind the question mark.");
    }

    /// <summary>Connects to one of the nodes, in an order drawn by chance.</summary>
    /// <param name="factory">With everything but the address.</param>
    public static Task<IConnection> ConnectAsync(ConnectionFactory factory, Uri uri, CancellationToken cancellation)
    {
        var nodes = Of(uri);
        factory.Uri = new UriBuilder(uri) { Query = "" }.Uri;
        return nodes.Count == 1 ? factory.CreateConnectionAsync(cancellation) : factory.CreateConnectionAsync(
            nodes.Select(n => new AmqpTcpEndpoint(n.Host, n.Port, new SslOption(n.Host, enabled: factory.Ssl.Enabled))), cancellation);
    }
}
