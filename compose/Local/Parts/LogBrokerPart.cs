using System.Globalization;
using CardShop.Local.Processes;

namespace CardShop.Local.Parts;

/// <summary>The embedded log: one process that speaks Kafka's protocol.</summary>
public sealed class LogBrokerPart : PartDefinition
{
    /// <summary>Its data; created by the first start.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>The port of its /metrics; 0 for none.</summary>
    public int MetricsPort { get; init; }

    /// <summary>Added to its environment.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <inheritdoc/>
    public override Task PrepareAsync(RotatingLog log, TimeProvider time, CancellationToken cancellationToken)
    {
        PrivateFile.CreateFolder(DataDirectory);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override ChildCommand Command() =>
        DotnetProgram.Command(
            "CardShop.LogBroker",
            [
                "--port", Port.ToString(CultureInfo.InvariantCulture), "--data", DataDirectory,
                .. MetricsPort == 0 ? [] : new[] { "--metrics-port", MetricsPort.ToString(CultureInfo.InvariantCulture) },
            ]) with
        {
            Environment = Environment,
        };

    /// <inheritdoc/>
    public override Task<Probe> ProbeAsync(CancellationToken cancellationToken) => Loopback.KafkaAsync(Port, cancellationToken);
}
