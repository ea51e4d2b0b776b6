namespace CardShop.LogBroker.Groups;

/// <summary>One consumer in a group. At most one join or sync of it waits for an answer at a time.</summary>
internal sealed class Member(string id, string? instanceId)
{
    public string Id { get; } = id;

    public string? InstanceId { get; } = instanceId;

    public string ClientId { get; set; } = "";

    public string ClientHost { get; set; } = "";

    public TimeSpan SessionTimeout { get; set; }

    public TimeSpan RebalanceTimeout { get; set; }

    public IReadOnlyList<GroupProtocol> Protocols { get; set; } = [];

    public byte[] Assignment { get; set; } = [];

    /// <summary>Silent beyond this, the member is gone; it does not run while an answer is owed.</summary>
    public DateTimeOffset SessionEnds { get; set; }

    public TaskCompletionSource<JoinResult>? Joining { get; set; }

    public TaskCompletionSource<SyncResult>? Syncing { get; set; }

    public bool IsOwedAnAnswer => Joining is not null || Syncing is not null;

    public bool Offers(IReadOnlyList<GroupProtocol> protocols) =>
        Protocols.Count == protocols.Count && Protocols.Zip(protocols).All(
            p => p.First.Name == p.Second.Name && p.First.Metadata.AsSpan().SequenceEqual(p.Second.Metadata));

    public byte[] MetadataFor(string? protocol) => Protocols.FirstOrDefault(p => p.Name == protocol)?.Metadata ?? [];

    public void Update(JoinRequest request, DateTimeOffset now)
    {
        ClientId = request.ClientId;
        ClientHost = request.ClientHost;
        SessionTimeout = request.SessionTimeout;
        RebalanceTimeout = request.RebalanceTimeout;
        Protocols = request.Protocols;
        Heard(now);
    }

    public void Heard(DateTimeOffset now) => SessionEnds = now + SessionTimeout;

    public void AnswerJoin(JoinResult result, DateTimeOffset now)
    {
        Heard(now);
        Joining?.TrySetResult(result);
        Joining = null;
    }

    public void AnswerSync(SyncResult result, DateTimeOffset now)
    {
        Heard(now);
        Syncing?.TrySetResult(result);
        Syncing = null;
    }
}
