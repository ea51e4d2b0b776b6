using Npgsql;

namespace CardShop.Shop.Replay;

/// <summary>
/// Events that are given to webhooks again wait until the partners have taken most of the earlier ones: a webhook with too
/// many undelivered events would be disabled.
/// </summary>
public sealed class WebhookRoom(NpgsqlDataSource database, TimeProvider time)
{
    private const long MostPending = 5_000;
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(500);

    public async Task WaitAsync(CancellationToken cancellation)
    {
        while (await PendingAsync(cancellation) > MostPending)
        {
            await Task.Delay(Every, time, cancellation);
        }
    }

    private async Task<long> PendingAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "SELECT COALESCE(max(pending), 0) FROM shop.webhooks WHERE enabled");
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }
}
