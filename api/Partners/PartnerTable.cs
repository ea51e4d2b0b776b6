using System.Collections.Concurrent;
using System.Text.Json;
using CardShop.Contracts;
using CardShop.Pipeline;
using CardShop.Pipeline.Batches;
using CardShop.Pipeline.Log;
using CardShop.Shop.Orders;
using CardShop.Shop.Partners;

namespace CardShop.Api.Partners;

/// <summary>Partners and hashes of their keys, the memory of shop.partners.v1: a key is checked without asking anybody.</summary>
public sealed class PartnerTable(ILog log, ShopSecrets secrets, TimeProvider time, ILogger<PartnerTable> logger) : BackgroundService
{
    private readonly ConcurrentDictionary<string, Partner> _partners = new();
    private readonly ConcurrentDictionary<string, string> _partnerOfKey = new();
    private volatile bool _ready;

    /// <summary>True once everything that the topic held at the start has been read.</summary>
    public bool Ready => _ready;

    /// <summary>The partner whose valid key this is; null where it is nobody's.</summary>
    public Partner? Find(string key)
    {
        // The hash is made in any case, so that a known id takes no longer than an unknown one.
        var hash = PartnerKeys.Hash(secrets.ContactHash, key);
        return PartnerKeys.IdOf(key) is { } id
            && _partnerOfKey.TryGetValue(id, out var owner)
            && _partners.TryGetValue(owner, out var partner)
            && partner.Enabled
            && partner.Keys.FirstOrDefault(k => k.Id == id) is { } kept
            && PartnerKeys.Matches(kept, hash, time.GetUtcNow())
            ? partner
            : null;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await log.FollowAsync([Topics.Partners], Take, () => _ready = true, stoppingToken);
            }
            catch (Exception e) when (Failures.IsPlace(e) && !stoppingToken.IsCancellationRequested)
            {
                ApiLog.TablesFailed(logger, e.Message);
                await Task.Delay(TimeSpan.FromSeconds(1), time, stoppingToken);
            }
        }
    }

    private void Take(LogIncoming record)
    {
        try
        {
            if (record.Value is null
                || JsonSerializer.Deserialize(record.Value, ContractsJson.Default.Partner) is not { } partner
                || (_partners.TryGetValue(partner.Id, out var held) && held.Version > partner.Version))
            {
                return;
            }

            _partners[partner.Id] = partner;
            foreach (var key in partner.Keys)
            {
                _partnerOfKey[key.Id] = partner.Id;
            }
        }
        catch (JsonException)
        {
            ApiLog.TableRecordUnreadable(logger, record.Partition.Topic, record.Offset);
        }
    }
}
