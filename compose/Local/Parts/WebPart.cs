using System.Globalization;
using System.Net;
using System.Net.Sockets;
using CardShop.Local.Processes;

namespace CardShop.Local.Parts;

/// <summary>A program of this solution that answers GET /healthz/live and /healthz/ready.</summary>
public sealed class WebPart : PartDefinition
{
    private const int LongestNote = 160;

    private static readonly HttpClient Http = new(new SocketsHttpHandler
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        PooledConnectionLifetime = TimeSpan.FromSeconds(30),
        ConnectTimeout = TimeSpan.FromSeconds(1),
    })
    {
        Timeout = TimeSpan.FromSeconds(2),
        MaxResponseContentBufferSize = 64 << 10,
    };

    /// <summary>The assembly, such as CardShop.Api.</summary>
    public required string Program { get; init; }

    /// <summary>Its arguments before <c>--urls</c>.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Added to its environment; it wins over <see cref="RuntimeSettings"/>.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>Its address.</summary>
    public string Url => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Port}");

    /// <inheritdoc/>
    public override bool IsWatched => true;

    /// <inheritdoc/>
    public override ChildCommand Command() =>
        DotnetProgram.Command(Program, [.. Arguments, "--urls", Url]) with { Environment = RuntimeSettings.With(Environment) };

    /// <inheritdoc/>
    public override async Task<Probe> ProbeAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var ready = await Http.GetAsync(new Uri(Url + "/healthz/ready"), cancellationToken);
            if (ready.StatusCode == HttpStatusCode.OK)
            {
                return new Probe(Health.Ready);
            }

            var note = Short(await ready.Content.ReadAsStringAsync(cancellationToken));
            return note.StartsWith("fenced", StringComparison.OrdinalIgnoreCase)
                ? new Probe(Health.Fenced, note)
                : new Probe(Health.Live, note.Length > 0 ? note : $"answers {(int)ready.StatusCode}");
        }
        catch (Exception e) when (e is HttpRequestException or SocketException or IOException
            || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return new Probe(Health.Down);
        }
    }

    private static string Short(string body)
    {
        var line = body.AsSpan().Trim();
        var end = line.IndexOfAny('\r', '\n');
        line = end >= 0 ? line[..end] : line;
        var text = new string([.. line[..Math.Min(line.Length, LongestNote)].ToArray().Where(c => !char.IsControl(c))]);
        return text;
    }
}
