using System.Globalization;
using System.Net;
using System.Net.Sockets;
using CardShop.Local.Instance;
using CardShop.Local.Parts;
using CardShop.Local.Supervision;
using Xunit;

namespace CardShop.Tests.Unit.Local;

public sealed class When_ports_are_chosen : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cardshop-").FullName;
    private readonly Lines _said = new();

    private string Book => Path.Combine(_folder, "ports");

    [Fact]
    public void A_taken_port_is_replaced_by_a_free_one_and_the_user_is_told()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var taken = ((IPEndPoint)listener.LocalEndpoint).Port;
        var usual = PortBook.Usual["postgres"];
        using var other = Occupy(usual);
        File.WriteAllText(Book, $"postgres={taken}\n");

        var ports = PortBook.Open(Book, _said);

        Assert.NotEqual(taken, ports["postgres"]);
        Assert.NotEqual(usual, ports["postgres"]);
        Assert.True(FreePorts.IsFree(ports["postgres"]));
        Assert.Contains(_said.All, line => line == $"port {taken} of postgres is taken; it gets {ports["postgres"]}");
    }

    [Fact]
    public void No_port_is_given_twice_and_all_of_them_are_written_down()
    {
        var ports = PortBook.Open(Book, _said);

        var chosen = PortBook.Usual.Keys.Select(name => ports[name]).ToList();
        Assert.Equal(chosen.Count, chosen.Distinct().Count());
        Assert.Equal(
            PortBook.Usual.Keys.Select(name => string.Create(CultureInfo.InvariantCulture, $"{name}={ports[name]}")),
            File.ReadAllLines(Book));
    }

    [Fact]
    public void A_damaged_book_is_no_obstacle()
    {
        File.WriteAllText(Book, "api=none\nsandbox=99999999\n\0\0=1=2\n");
        Assert.InRange(PortBook.Open(Book, _said)["api"], 1, 65535);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    // Taken by somebody else already is as good.
    private static TcpListener? Occupy(int port)
    {
        var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return listener;
        }
        catch (SocketException)
        {
            listener.Dispose();
            return null;
        }
    }

    private sealed class Lines : IProgressSink
    {
        public List<string> All { get; } = [];

        public void Line(string text) => All.Add(text);
    }
}
