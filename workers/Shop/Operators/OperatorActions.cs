namespace CardShop.Shop.Operators;

/// <summary>Something that an operator can do to the shop.</summary>
/// <param name="Name">As the audit writes it: <c>keys.export</c>.</param>
/// <param name="Least">The least role that may do it, or ask for its approval.</param>
/// <param name="IsDangerous">It waits for a second operator's approval and respects the change windows.</param>
/// <param name="Resumes">
/// Run again under its approval it goes on where it was, or changes nothing: its command id derives from the approval, or it is
/// idempotent by itself. What does not resume runs once per approval.
/// </param>
public sealed record OperatorAction(string Name, OperatorRole Least, bool IsDangerous = false, bool Resumes = false);

/// <summary>Every action, once.</summary>
public static class OperatorActions
{
    public static readonly OperatorAction ProductAdd = new("product.add", OperatorRole.Operator);
    public static readonly OperatorAction DemoSeed = new("demo.seed", OperatorRole.Operator);

    public static readonly OperatorAction KeysImport = new("keys.import", OperatorRole.Operator);
    public static readonly OperatorAction KeysExport = new("keys.export", OperatorRole.Operator, IsDangerous: true);
    public static readonly OperatorAction KeysVoid = new("keys.void", OperatorRole.Operator, IsDangerous: true, Resumes: true);
    public static readonly OperatorAction KeysRotate = new("keys.rotate", OperatorRole.Admin, IsDangerous: true, Resumes: true);

    /// <summary>Keys leave this region for another, and do not come back.</summary>
    public static readonly OperatorAction StockTransfer = new("stock.transfer", OperatorRole.Operator, IsDangerous: true, Resumes: true);

    /// <summary>Dangerous above the limit: see <see cref="Refund"/>.</summary>
    public static readonly OperatorAction OrderRefund = new("order.refund", OperatorRole.Operator, Resumes: true);
    public static readonly OperatorAction OrderDeliver = new("order.deliver", OperatorRole.Operator, IsDangerous: true, Resumes: true);
    public static readonly OperatorAction OrderReplace = new("order.replace", OperatorRole.Operator, IsDangerous: true, Resumes: true);

    /// <summary>It hands out keys on an operator's word that money came in: manual delivery by another way.</summary>
    public static readonly OperatorAction OrderConfirmPaid =
        new("order.confirm-paid", OperatorRole.Operator, IsDangerous: true, Resumes: true);

    public static readonly OperatorAction ReviewDecide = new("review.decide", OperatorRole.Operator);
    public static readonly OperatorAction ReconcileApply = new("reconcile.apply", OperatorRole.Operator);
    public static readonly OperatorAction MailsRetry = new("mails.retry", OperatorRole.Operator);
    public static readonly OperatorAction ChannelSwitch = new("channel.switch", OperatorRole.Operator);

    public static readonly OperatorAction PartnerAdd = new("partner.add", OperatorRole.Admin);
    public static readonly OperatorAction PartnerRotate = new("partner.rotate", OperatorRole.Admin);
    public static readonly OperatorAction PartnerDisable = new("partner.disable", OperatorRole.Operator);
    public static readonly OperatorAction PartnerEnable = new("partner.enable", OperatorRole.Operator);
    public static readonly OperatorAction WebhookAdd = new("partner.webhook.add", OperatorRole.Operator);
    public static readonly OperatorAction WebhookRotate = new("partner.webhook.rotate", OperatorRole.Operator);
    public static readonly OperatorAction WebhookDisable = new("partner.webhook.disable", OperatorRole.Operator);
    public static readonly OperatorAction WebhookEnable = new("partner.webhook.enable", OperatorRole.Operator);

    public static readonly OperatorAction Replay = new("replay", OperatorRole.Operator, IsDangerous: true, Resumes: true);
    public static readonly OperatorAction ReplayAbandon = new("replay.abandon", OperatorRole.Operator);
    public static readonly OperatorAction Recover = new("recover", OperatorRole.Admin, IsDangerous: true, Resumes: true);
    public static readonly OperatorAction RecoverWork = new("recover.work", OperatorRole.Admin, IsDangerous: true, Resumes: true);

    public static readonly OperatorAction Backup = new("backup", OperatorRole.Operator);
    public static readonly OperatorAction BackupVerify = new("backup.verify", OperatorRole.Operator);
    public static readonly OperatorAction Restore = new("restore", OperatorRole.Admin, IsDangerous: true);

    public static readonly OperatorAction DeadLettersRetry = new("dead-letters.retry", OperatorRole.Operator);
    public static readonly OperatorAction DeadLettersDiscard = new("dead-letters.discard", OperatorRole.Operator);
    public static readonly OperatorAction ErrorsRetry = new("errors.retry", OperatorRole.Operator);
    public static readonly OperatorAction ErrorsDiscard = new("errors.discard", OperatorRole.Operator);

    public static readonly OperatorAction ArchiveRun = new("archive.run", OperatorRole.Operator);
    public static readonly OperatorAction TopicsTrim = new("topics.trim", OperatorRole.Admin);
    public static readonly OperatorAction BuyerErase = new("buyer.erase", OperatorRole.Operator, IsDangerous: true, Resumes: true);

    public static readonly OperatorAction SecretsInit = new("secrets.init", OperatorRole.Admin);
    public static readonly OperatorAction SecretsRotate = new("secrets.rotate", OperatorRole.Admin, IsDangerous: true);
    public static readonly OperatorAction SecretsExpireMonths =
        new("secrets.expire-months", OperatorRole.Admin, IsDangerous: true, Resumes: true);

    public static readonly OperatorAction Migrate = new("migrate", OperatorRole.Admin);

    /// <summary>Dangerous once somebody else could approve it: see <see cref="OperatorsChange"/>.</summary>
    public static readonly OperatorAction OperatorsAdd = new("operators.add", OperatorRole.Admin);
    public static readonly OperatorAction OperatorsRemove = new("operators.remove", OperatorRole.Admin);
    public static readonly OperatorAction OperatorsRole = new("operators.role", OperatorRole.Admin);

    public static readonly OperatorAction ApprovalApprove = new("approval.approve", OperatorRole.Approver);
    public static readonly OperatorAction ApprovalReject = new("approval.reject", OperatorRole.Operator);

    public static readonly IReadOnlyList<OperatorAction> All =
    [
        ProductAdd, DemoSeed, KeysImport, KeysExport, KeysVoid, KeysRotate, StockTransfer, OrderRefund, OrderDeliver, OrderReplace,
        OrderConfirmPaid, ReviewDecide, ReconcileApply, MailsRetry, ChannelSwitch, PartnerAdd, PartnerRotate, PartnerDisable,
        PartnerEnable, WebhookAdd, WebhookRotate, WebhookDisable, WebhookEnable, Replay, ReplayAbandon, Recover, RecoverWork, Backup,
        BackupVerify, Restore, DeadLettersRetry, DeadLettersDiscard, ErrorsRetry, ErrorsDiscard, ArchiveRun, TopicsTrim,
        BuyerErase, SecretsInit, SecretsRotate, SecretsExpireMonths, Migrate, OperatorsAdd, OperatorsRemove, OperatorsRole, ApprovalApprove,
        ApprovalReject,
    ];

    /// <summary>A refund: dangerous where the order's refunds, this one included, come above the limit.</summary>
    /// <param name="total">What will have been given back of the order, fen: in parts it is as much as in one.</param>
    /// <param name="limit">Fen.</param>
    public static OperatorAction Refund(long total, long limit) => OrderRefund with { IsDangerous = total > limit };

    /// <summary>
    /// A change of operators: dangerous where somebody besides who asks could approve it. Otherwise an admin could make the
    /// second operator who approves his own deeds.
    /// </summary>
    public static OperatorAction OperatorsChange(OperatorAction action, IEnumerable<Operator> all, string? by) =>
        action with { IsDangerous = all.Any(o => o.Role >= OperatorRole.Approver && o.Name != by) };
}
