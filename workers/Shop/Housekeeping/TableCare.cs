using CardShop.Shop.Store;

namespace CardShop.Shop.Housekeeping;

/// <summary>What keeps a table from growing for ever.</summary>
public enum TableBound
{
    /// <summary>A row per thing that exists now: a product, a partition, an unsent message.</summary>
    Live,

    /// <summary>The archive takes its rows away.</summary>
    Archived,

    /// <summary>A clean-up job deletes its old rows.</summary>
    CleanedUp,

    /// <summary>Kept on purpose; small, and read by key alone.</summary>
    Permanent,
}

/// <summary>How long a clean-up job lets rows live.</summary>
public enum Keeping
{
    None,
    Failures,

    /// <summary>And never shorter than the log still has the record that made the row: a replay would not know it.</summary>
    Imports,
}

/// <summary>A table of the schema and its bound. A test demands an entry for every table that a migration makes.</summary>
/// <param name="Why">What bounds it, in words.</param>
/// <param name="Clean">Deletes at most $2 rows that were over before $1.</param>
public sealed record TableCare(string Table, TableBound Bound, string Why, Keeping Keeping = Keeping.None, string? Clean = null)
{
    public static IReadOnlyList<TableCare> All { get; } =
    [
        new("migrations", TableBound.Live, "one per migration of this version"),
        new("commit_no", TableBound.Live, "one row"),
        new("progress", TableBound.Live, "one per group and partition"),
        new("foreign_inputs", TableBound.Live, "one per other region and topic"),
        new("outbox", TableBound.Live, "what is not sent yet"),
        new("parked", TableBound.CleanedUp, "messages that could not be sent, until their case is closed and some time has passed; " +
            "never a delivery's event, which holds back its keys", Keeping.Failures,
            $$"""
            DELETE FROM shop.parked WHERE id IN (
                SELECT k.id FROM shop.parked k
                WHERE k.parked_at < $1 AND k.kind NOT IN ('cardshop.order.delivered.v1', 'cardshop.key.replaced.v1')
                    AND NOT EXISTS (SELECT FROM shop.mt_doc_paymentsaga p WHERE p.id = k.order_id
                        AND {{ReviewQueries.IsOpenIn("p")}})
                ORDER BY k.id LIMIT $2)
            """),
        new("mt_doc_paymentsaga", TableBound.Archived, "orders that ended move to files"),
        new("mt_doc_deliverysaga", TableBound.Archived, "with their orders"),
        new("mt_doc_product", TableBound.Live, "one per product"),
        new("mt_doc_partner", TableBound.Live, "one per partner"),
        new("stock", TableBound.Live, "one per product and region"),
        new("card_keys", TableBound.Permanent, "the goods: a sold key's row recognises it when it is imported again, and shows it to its buyer"),
        new("key_batches", TableBound.CleanedUp, "what each imported batch came to", Keeping.Imports,
            """
            DELETE FROM shop.key_batches WHERE id IN (
                SELECT id FROM shop.key_batches WHERE imported_at < $1 ORDER BY imported_at LIMIT $2)
            """),
        new("key_voids", TableBound.CleanedUp, "what each void came to", Keeping.Imports,
            "DELETE FROM shop.key_voids WHERE id IN (SELECT id FROM shop.key_voids WHERE voided_at < $1 LIMIT $2)"),
        new("key_rotation", TableBound.Live, "one per key-encryption key"),
        new("archive", TableBound.Permanent, "tombstones: an order id is never used again"),
        new("archive_files", TableBound.Permanent, "one per thousand archived orders"),
        new("webhooks", TableBound.Live, "one per webhook"),
        new("webhook_deliveries", TableBound.Live, "what is not sent yet; at most Webhooks__MaxPending per webhook, for Webhooks__Window"),
        new("webhook_replays", TableBound.CleanedUp, "until done; one that never ends is forgotten", Keeping.Failures,
            "DELETE FROM shop.webhook_replays WHERE id IN (SELECT id FROM shop.webhook_replays WHERE requested_at < $1 LIMIT $2)"),
        new("mails", TableBound.CleanedUp, "what was sent is forgotten by the sender (Mail__Keep), what failed here", Keeping.Failures,
            """
            DELETE FROM shop.mails WHERE event_id IN (
                SELECT event_id FROM shop.mails WHERE state = 'failed' AND settled_at < $1 ORDER BY settled_at LIMIT $2)
            """),
        new("backups", TableBound.Live, "backups that the repository holds"),
        new("housekeeping", TableBound.Live, "one per job"),
        new("statistics", TableBound.Permanent, "one per day, product, channel and region that had orders: the owner's history"),
        new("statistics_days", TableBound.Permanent, "one per day"),
        new("recovery", TableBound.Live, "one row, while a recovery is under way"),
        new("recovery_records", TableBound.Live, "what a recovery has read; emptied at its end"),
        new("replays", TableBound.Live, "one per replay that has not ended; 'shopctl replay abandon' ends one"),
    ];
}
