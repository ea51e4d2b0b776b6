namespace CardShop.Shopctl.Preflight;

/// <summary>What was learnt of RabbitMQ.</summary>
/// <param name="MissingQueues">Of those that 'migrate' makes.</param>
/// <param name="TopologyRefusal">
/// Why the queues could not be declared again as they should be (other arguments, no permission); null where they could.
/// </param>
/// <param name="PublishRefusal">Why a message could not be published; null where it could (and was taken back).</param>
/// <param name="Blocked">Why the broker takes no messages: its disk or memory alarm; null where it does.</param>
public sealed record RabbitFacts(
    string Product, string Version, IReadOnlyList<string> MissingQueues, string? TopologyRefusal, string? PublishRefusal,
    string? Blocked);

/// <summary>What the design demands of RabbitMQ. Pure.</summary>
public static class RabbitRules
{
    private const string Area = "RabbitMQ";
    private static readonly Version Oldest = new(3, 10);

    public static IEnumerable<CheckResult> Judge(RabbitFacts facts, PreflightMode mode)
    {
        var isNew = Version.TryParse(facts.Version.Split('-', '+')[0], out var version) && version >= Oldest;
        yield return new(
            Area, "version", isNew ? Verdict.Ok : Verdict.Fail, $"{facts.Product} {facts.Version}",
            isNew ? null : "RabbitMQ 3.10 or newer is needed: quorum queues with message TTL.");
        yield return facts.Blocked is { } blocked
            ? new(Area, "alarms", Verdict.Fail, $"takes no messages: {blocked}", "Free disk space or memory of the broker.")
            : new(Area, "alarms", Verdict.Ok, "takes messages");
        yield return facts.PublishRefusal is { } publish
            ? new(Area, "publish", Verdict.Fail, publish, "Give this user configure, write and read on cardshop.* and error.")
            : new(Area, "publish", facts.Blocked is null ? Verdict.Ok : Verdict.Warn,
                facts.Blocked is null ? "allowed (tried in a transaction that was rolled back)" : "not known while an alarm is on");
        if (facts.MissingQueues.Count > 0)
        {
            yield return new(
                Area, "queues", mode.Before ? Verdict.Info : Verdict.Fail,
                facts.MissingQueues.Count <= 3
                    ? "not there: " + string.Join(", ", facts.MissingQueues)
                    : $"{facts.MissingQueues.Count} are not there, such as {facts.MissingQueues[0]}",
                "Run 'shopctl migrate'.");
        }
        else
        {
            yield return facts.TopologyRefusal is { } refusal
                ? new(
                    Area, "queues", Verdict.Fail, refusal,
                    "A queue of another kind cannot be changed: empty it, delete it and run 'shopctl migrate'. " +
                    "ACCESS_REFUSED: give this user configure, write and read on cardshop.* and error.")
                : new(Area, "queues", Verdict.Ok, "all there, quorum queues with the agreed limits");
        }
    }
}
