using System.CommandLine;
using CardShop.Pipeline;
using CardShop.Shopctl.Operators;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using Confluent.Kafka;
using Npgsql;

namespace CardShop.Shopctl.Terminal;

/// <summary>One run of shopctl: its settings, clock and screen, and how every command is started and ended.</summary>
public sealed class Session(ShopctlSettings settings, TimeProvider time, Screen screen)
{
    public ShopctlSettings Settings => settings;

    public TimeProvider Time => time;

    public Screen Screen => screen;

    /// <summary>Who runs the command, and whether he may.</summary>
    public SessionOperators Operators => field ??= new(this);

    /// <summary>The servers of the command that runs; null where it has none.</summary>
    public ShopServers? Servers { get; private set; }

    /// <summary>What was said to the command that runs.</summary>
    public ParseResult? Arguments { get; private set; }

    /// <summary>Makes a command do this. Whatever goes wrong becomes one line on standard error and an exit code.</summary>
    public void Bind(Command command, Func<ParseResult, CancellationToken, Task<int>> work) =>
        command.SetAction((arguments, cancellation) => GuardAsync(work, arguments, cancellation));

    /// <summary>The same for a command that works with the servers; they are closed at its end.</summary>
    public void Bind(Command command, Func<ShopServers, ParseResult, CancellationToken, Task<int>> work) =>
        Bind(command, async (arguments, cancellation) =>
        {
            await using var servers = new ShopServers(settings, time);
            Servers = servers;
            return await work(servers, arguments, cancellation);
        });

    private async Task<int> GuardAsync(
        Func<ParseResult, CancellationToken, Task<int>> work, ParseResult arguments, CancellationToken cancellation)
    {
        Arguments = arguments;
        try
        {
            return await work(arguments, cancellation);
        }
#pragma warning disable CA1031 // The last stop: whatever it is, the operator gets one line and no stack trace.
        catch (Exception e)
#pragma warning restore CA1031
        {
            var (code, text) = Explain(e, cancellation);
            screen.Error(text);
            if (settings.HasParent && e is ShopctlException { ApprovalId: { } approval })
            {
                screen.Error(ParentInput.ApprovalPrefix + approval);
            }

            return code;
        }
    }

    private (int Code, string Text) Explain(Exception failure, CancellationToken cancellation) => failure switch
    {
        ShopctlException e => (e.ExitCode, e.Message),
        OperationCanceledException when cancellation.IsCancellationRequested => (ExitCodes.Failed, "Stopped."),
        FencedException e => (ExitCodes.Failed, $"Fenced: {e.Message}. Run 'shopctl recover' first."),
        PostgresException { SqlState: PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName } =>
            (ExitCodes.Failed, "The database has not the tables that this version needs: run 'shopctl migrate'."),
        PostgresException e => (ExitCodes.Failed, $"PostgreSQL refused: {e.MessageText} ({e.SqlState})."),
        NpgsqlException e => (ExitCodes.Unreachable, ShopServers.Unreachable(
            "PostgreSQL", settings.PostgresPlace, ShopctlSettings.PostgresName, e.Message)),
        KafkaException e => (ExitCodes.Unreachable, ShopServers.Unreachable(
            "Kafka", settings.Kafka, ShopctlSettings.KafkaName, e.Error.Reason)),
        PlaceException e => (ExitCodes.Unreachable, e.Message + "."),
        _ => (ExitCodes.Failed, $"{failure.Message} ({failure.GetType().Name})"),
    };
}
