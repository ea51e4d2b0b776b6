using CardShop.Pipeline;
using CardShop.Pipeline.Log;
using CardShop.Shop.Store;

namespace CardShop.Api.Admin;

/// <summary>How many processes of each fleet read its topics.</summary>
public sealed class FleetMembers(KafkaGroups groups, TimeProvider time)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);
    private static readonly IReadOnlyList<string> Names = [.. FleetGroups.All.Select(g => g.Name)];

    private readonly SharedLook<IReadOnlyList<AdminFleet>?> _look = new(time, Fresh, () => AskAsync(groups, time));

    /// <summary>Null where Kafka does not say.</summary>
    public Task<IReadOnlyList<AdminFleet>?> GetAsync() => _look.GetAsync();

    private static async Task<IReadOnlyList<AdminFleet>?> AskAsync(KafkaGroups groups, TimeProvider time)
    {
        try
        {
            using var limit = new CancellationTokenSource(Limit, time);
            var members = await groups.MembersAsync(Names, limit.Token);
            return [.. Names.Select(n => new AdminFleet(n, members.GetValueOrDefault(n)))];
        }
        catch (Exception e) when (Failures.IsPlace(e))
        {
            return null;
        }
    }
}
