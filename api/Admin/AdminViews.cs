using CardShop.Api.Orders;
using CardShop.Contracts;

namespace CardShop.Api.Admin;

/// <summary>Who the key says you are.</summary>
/// <param name="ExpiresAt">When the session ends; absent with a bearer key.</param>
public sealed record AdminMe(string Name, string Role, DateTimeOffset? ExpiresAt = null);

/// <summary>A deed is done, or was done before.</summary>
/// <param name="Result"><c>done</c>, or <c>repeated</c>: it was decided before, nothing has changed.</param>
/// <param name="Status">Of the order's payment now.</param>
/// <param name="OpenCases">What of the order still waits for a person.</param>
public sealed record AdminDone(string OrderId, string Result, PaymentStatus? Status, int OpenCases, string CommandId);

/// <summary>Nothing was changed: a second operator has to approve it.</summary>
/// <param name="ApprovalId">What he approves, and what the same call then names in <c>approval</c>.</param>
/// <param name="Approver">Who has approved it already; absent while nobody has.</param>
public sealed record AdminWaiting(
    string Title, string Detail, string ApprovalId, DateTimeOffset ExpiresAt, string? Approver = null);

/// <summary>What was said about an approval.</summary>
/// <param name="State">pending, approved, rejected, expired or used.</param>
public sealed record AdminApprovalState(string ApprovalId, string State);

/// <param name="Parameters">Everything that it allows; of a text that nobody may see, its keyed hash.</param>
public sealed record AdminApproval(
    string ApprovalId, string State, string Action, string Subject, string By, string Why, DateTimeOffset At,
    DateTimeOffset ExpiresAt, IReadOnlyDictionary<string, string> Parameters, string? Approver, bool OutsideWindow,
    string? RejectedBy, string? Objection);

/// <summary>The approvals of the last 24 hours, the oldest first.</summary>
public sealed record AdminApprovals(IReadOnlyList<AdminApproval> Approvals);

/// <param name="Entries">In the order of time.</param>
/// <param name="Next">Goes on behind this page, as <c>from</c>.</param>
public sealed record AdminAudit(IReadOnlyList<AuditEntry> Entries, string Next);

/// <param name="Cases">The open ones.</param>
public sealed record AdminReview(
    string OrderId, PaymentStatus Status, string? Sku, MoneyView? Amount, IReadOnlyList<ReviewCase> Cases);

/// <param name="Manual">Of the first page: paid orders of manual goods, the most urgent first, 100 at most.</param>
/// <param name="Next">Goes on behind this page, as <c>after</c>; absent where it was the last.</param>
public sealed record AdminReviews(IReadOnlyList<AdminReview> Orders, IReadOnlyList<AdminManual> Manual, string? Next);

/// <param name="Until">Then it goes to review.</param>
public sealed record AdminManual(string OrderId, string Sku, int Quantity, DateTimeOffset PaidAt, DateTimeOffset? Until);

/// <param name="Published">Buyers see this version.</param>
public sealed record AdminProduct(Product Product, bool Published);

public sealed record AdminProducts(IReadOnlyList<AdminProduct> Products, string? Next);

/// <summary>The counters of a product in a region.</summary>
/// <param name="Held">The unpaid part of <paramref name="Reserved"/>.</param>
public sealed record AdminStockRow(
    string Sku, string Region, long Imported, long Available, long Reserved, long Held, long Sold, long Void);

/// <param name="Next">Goes on behind this page, as <c>after</c>: the last sku.</param>
public sealed record AdminStock(IReadOnlyList<AdminStockRow> Stock, string? Next);

/// <summary>What is waiting, and what is not well. A server that is away leaves its part out and stands in <c>away</c>.</summary>
/// <param name="Away">kafka, postgresql; empty in a healthy shop.</param>
/// <param name="Lag">Per fleet and partition.</param>
/// <param name="QueueAgeSeconds">For how long the oldest record that is not processed has waited.</param>
/// <param name="DeadLetters">Open ones, counted up to 1000; absent until they are counted.</param>
/// <param name="ErrorQueue">Messages in RabbitMQ's error queue; absent where this process does not reach RabbitMQ.</param>
/// <param name="Fleets">Absent while Kafka does not say.</param>
public sealed record AdminOverview(
    DateTimeOffset At, IReadOnlyList<string> Away, AdminFence Fence, IReadOnlyList<AdminLag> Lag, AdminWork? Work,
    IReadOnlyList<AdminChannel> Channels, AdminStockWarnings Stock, AdminTotals? Totals, AdminLatency? Latency,
    double? QueueAgeSeconds, long? DeadLetters, long? ErrorQueue, IReadOnlyList<AdminFleet>? Fleets);

/// <param name="Group">The fleet's name and consumer group.</param>
/// <param name="Members">Processes that read its topics now; 0: nobody does its work.</param>
public sealed record AdminFleet(string Group, int Members);

/// <summary>Counters that only grow: the difference of two looks is what came between them.</summary>
/// <param name="Accepted">Next offsets of shop.orders.v1, summed: orders, and the rarer wishes to cancel one or to pay by another channel.</param>
/// <param name="Delivered">Next offsets of shop.deliveries.v1, summed: deliveries, and the rarer other events of orders.</param>
public sealed record AdminTotals(long Accepted, long Delivered);

/// <summary>Milliseconds from payment to delivery, of the newest deliveries.</summary>
/// <param name="Count">Of how many, 200 at most.</param>
public sealed record AdminLatency(double P50, double P95, double P99, int Count);

/// <summary>The rollback fence as this process knows it.</summary>
/// <param name="State">open, fenced (PostgreSQL is older than Kafka) or unknown.</param>
public sealed record AdminFence(string State, string? Reason);

/// <param name="End">Next offset of the log; absent while Kafka is away.</param>
/// <param name="Next">Next offset to be processed.</param>
/// <param name="From"><c>progress</c>, or <c>pulse</c> while PostgreSQL is away.</param>
public sealed record AdminLag(string Group, string Topic, int Partition, long? End, long? Next, long? Behind, string From);

/// <summary>Counts that end at 1000: beyond that the number is 1000.</summary>
public sealed record AdminWork(
    long OutboxRows, double OutboxOldestSeconds, long ReviewsOpen, long ManualWaiting, long ParkedMessages, long MailsFailed);

public sealed record AdminChannel(string Channel, bool Up, IReadOnlyList<string> DownProfiles);

/// <summary>Products on sale with nothing in stock, or less than their low-stock level.</summary>
/// <param name="Products">The first 100, those with the least on top.</param>
public sealed record AdminStockWarnings(int SoldOut, int Low, IReadOnlyList<AdminStockWarning> Products);

public sealed record AdminStockWarning(string Sku, long Available);

/// <summary>An order as operators see it: no contact, no key text.</summary>
/// <param name="Archived">Its final status and where it is kept, of an order that has ended long ago.</param>
/// <param name="UnsentRows">Of its last outbox rows, those that are not sent yet.</param>
public sealed record AdminOrder(
    string OrderId, PaymentStatus? Status, string? Reason, AdminPlaced? Order, bool Reserved, DateTimeOffset? Due, int Version,
    IReadOnlyList<AdminAttempt> Attempts, IReadOnlyList<AdminPayment> Payments, IReadOnlyList<AdminClaim> Claims,
    IReadOnlyList<ReviewCase> Reviews, int NotificationsSeen, AdminDelivery? Delivery, string? Archived, long UnsentRows,
    long ParkedMessages);

public sealed record AdminPlaced(
    string Sku, string ProductName, ProductKind Kind, int Quantity, MoneyView Amount, string Channel, string Region,
    DateTimeOffset AcceptedAt);

/// <param name="State">opening, open or closed.</param>
public sealed record AdminAttempt(
    string Number, string Channel, string Profile, long Amount, string Currency, DateTimeOffset OpenedAt,
    DateTimeOffset ExpiresAt, string State);

public sealed record AdminPayment(
    string Number, string? TradeNo, long Amount, DateTimeOffset At, string Source, PaymentUse Use,
    IReadOnlyList<AdminRefund> Refunds);

public sealed record AdminRefund(string Number, long Amount, RefundState State, DateTimeOffset AskedAt, string Reason);

/// <summary>Money that somebody named and the provider has not confirmed yet.</summary>
public sealed record AdminClaim(string Number, string Channel, long Amount, string Source, DateTimeOffset? NextAt);

/// <param name="KeyIds">The first 200.</param>
public sealed record AdminDelivery(
    DeliveryStatus Status, bool Reserved, DateTimeOffset CreatedAt, DateTimeOffset? DeliveredAt, DateTimeOffset? WaitUntil,
    DateTimeOffset? Due, int Version, int Keys, IReadOnlyList<Guid> KeyIds);
