using CardShop.Local.Parts;
using CardShop.Local.Servers;

namespace CardShop.Tests.Bench.Machine;

/// <summary>A program of this solution with <c>/healthz/ready</c>, as a process of its own.</summary>
public sealed class WebServer : LocalServer
{
    private WebServer(WebPart part, string folder)
        : base(part, folder, null)
    {
        Url = new(part.Url);
    }

    public Uri Url { get; }

    /// <param name="folder">Its log is written beside it.</param>
    /// <param name="port">Where it listens; somewhere free when 0.</param>
    public static WebServer Create(
        string program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment, string folder,
        int port = 0) =>
        new(
            new WebPart
            {
                Name = Path.GetFileName(folder),
                Port = port == 0 ? FreePorts.Pick() : port,
                Program = program,
                Arguments = arguments,
                Environment = environment,
            },
            folder);
}
