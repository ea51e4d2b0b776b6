using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Shop.Channels;
using CardShop.Shop.Channels.Resilience;
using CardShop.Shop.Operators;
using CardShop.Shopctl.Operators;
using CardShop.Shopctl.Reviews;
using CardShop.Shopctl.Servers;
using CardShop.Shopctl.Settings;
using CardShop.Shopctl.Terminal;
using Microsoft.Extensions.Configuration;

namespace CardShop.Shopctl.Channels;

/// <summary><c>shopctl channels</c>: whether buyers can pay, by what, and the operators' switch.</summary>
public static class ChannelsCommand
{
    private const int MaxRecords = 1_000;
    private const int MaxCounted = 100_000;

    /// <summary>The expression stands as in the index.</summary>
    private const string Pending =
        """
        SELECT count(*) FROM (
            SELECT 1 FROM shop.mt_doc_paymentsaga
            WHERE COALESCE(data #>> '{attempts,-1,channel}', data #>> '{order,channel}', '') = $1
              AND due IS NOT NULL AND data ->> 'status' IN ('reserved', 'awaiting-payment')
            LIMIT $2) AS pending
        """;

    public static Command Create(Session session)
    {
        var channels = new Command(
            "channels", "Payment channels: up or down and since when, profiles, orders that wait to be paid by them.")
        {
            Switch(session, "off", "Takes a channel out of use: new orders by it are refused, accepted ones go on.", up: false),
            Switch(session, "on", "Puts a channel that was switched off back into use.", up: true),
        };
        session.Bind(channels, (servers, _, cancellation) => ListAsync(session, servers, cancellation));
        return channels;
    }

    private static async Task<int> ListAsync(Session session, ShopServers servers, CancellationToken cancellation)
    {
        await servers.RequireDatabaseAsync(cancellation);
        await servers.RequireLogAsync(cancellation);
        var said = await ReadAsync(servers, cancellation);
        var profiles = PaymentChannels.Profiles(
            session.Settings.Configuration().GetSection(PaymentChannelOptions.Section).Get<PaymentChannelOptions>() ?? new());
        var table = Screen.Table("channel", "state", "since", "profiles", "down", "#to be paid");
        foreach (var channel in PaymentChannels.Known.Union(said.Select(s => s.State.Channel)))
        {
            var row = ChannelRow.Of(channel, said, session.Time.GetUtcNow());
            var count = await CountAsync(servers, channel, cancellation);
            Screen.Row(
                table, channel, row.State, row.Since is { } since ? Screen.Time(since) : "-",
                profiles.TryGetValue(channel, out var names) ? string.Join(", ", names) : "-",
                row.Down.Count == 0 ? "-" : string.Join(", ", row.Down),
                count < MaxCounted ? count.ToString("N0", CultureInfo.InvariantCulture) : "100,000 or more");
        }

        session.Screen.Show(table);
        if (profiles.Count == 0)
        {
            session.Screen.Note("Profiles are shown where the fleets' settings Channels__… are set for this command too.");
        }

        return ExitCodes.Ok;
    }

    private static async Task<long> CountAsync(ShopServers servers, string channel, CancellationToken cancellation)
    {
        await using var command = servers.Database.CreateCommand(Pending);
        command.Parameters.Add(new() { Value = channel });
        command.Parameters.Add(new() { Value = MaxCounted });
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>What shop.channels.v1 says last, of fleets and of operators.</summary>
    private static async Task<IReadOnlyList<SaidState>> ReadAsync(ShopServers servers, CancellationToken cancellation)
    {
        var last = new Dictionary<(string Channel, bool ByOperator), SaidState>();
        foreach (var record in await servers.Log.TailAsync(Topics.Channels, MaxRecords, cancellation))
        {
            if (record.Value is not null
                && JsonSerializer.Deserialize(record.Value, ContractsJson.Default.ChannelState) is { } state)
            {
                last[(state.Channel, state.By is not null)] = new(state, record.Timestamp);
            }
        }

        return [.. last.Values];
    }

    private static Command Switch(Session session, string verb, string description, bool up)
    {
        var channel = new Argument<string>("CHANNEL") { Description = "alipay, wechat or unionpay." };
        channel.AcceptOnlyFromAmong([.. PaymentChannels.Known]);
        var why = OperatorOptions.WhyOption("1 to 200 characters, for people.");
        var command = new Command(verb, description) { channel, why };
        command.Takes(OperatorActions.ChannelSwitch);
        session.Bind(command, async (servers, arguments, cancellation) =>
        {
            var name = arguments.GetValue(channel)!;
            var reason = ReviewCommands.Text(arguments.GetValue(why), OperatorOptions.Why);
            await servers.RequireWritableAsync(cancellation);
            await using var grant = await session.Operators.RequireAsync(
                OperatorActions.ChannelSwitch, name, reason, [("to", verb)], cancellation);
            var state = new ChannelState(name, up, session.Time.GetUtcNow()) { By = grant.Operator.Name, Why = reason };
            await servers.Log.ProduceAsync(
                new(
                    Topics.Channels.Name, 0, Encoding.UTF8.GetBytes(ChannelState.SwitchKey(name)),
                    JsonSerializer.SerializeToUtf8Bytes(state, ContractsJson.Default.ChannelState), []),
                cancellation);
            await grant.DoneAsync(null, verb, cancellation);
            session.Screen.Line(up
                ? $"{name} is in use again."
                : $"{name} is out of use: buyers are told to choose another. 'shopctl channels on {name}' ends that.");
            return ExitCodes.Ok;
        });
        return command;
    }
}

/// <summary>What somebody said of a channel, and when.</summary>
public sealed record SaidState(ChannelState State, DateTimeOffset SaidAt);

/// <summary>A channel as it is shown. Pure.</summary>
/// <param name="Down">Profiles that fleets see down.</param>
public sealed record ChannelRow(string State, DateTimeOffset? Since, IReadOnlyList<string> Down)
{
    /// <summary>The operator's word comes first; a fleet's "down" counts as long as it is repeated.</summary>
    public static ChannelRow Of(string channel, IReadOnlyList<SaidState> said, DateTimeOffset now)
    {
        var fleet = said.FirstOrDefault(s => s.State.Channel == channel && s.State.By is null);
        var isFresh = fleet is not null && now - fleet.SaidAt < ChannelStates.ValidFor;
        IReadOnlyList<string> down = isFresh ? fleet!.State.Down ?? [] : [];
        if (said.FirstOrDefault(s => s.State.Channel == channel && s.State is { By: not null, Up: false }) is { } off)
        {
            return new($"switched off by {off.State.By}: {off.State.Why}", off.State.Since, down);
        }

        return fleet switch
        {
            null => new("up (no fleet has said anything)", null, down),
            { State.Up: false } when isFresh => new("DOWN", fleet.State.Since, down),
            { State.Up: false } => new("up (was down; no fleet says so any more)", fleet.SaidAt, down),
            _ when down.Count > 0 => new("up, in part", fleet.State.Since, down),
            _ => new("up", fleet.State.Since, down),
        };
    }
}
