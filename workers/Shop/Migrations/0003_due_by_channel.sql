-- The watchdog scans each channel by itself, oldest first, and goes on where it stopped: what one provider's rate leaves
-- undone is never read again on the way to another's. The expression stands in the scan's statement in the same words.

DROP INDEX shop.mt_doc_paymentsaga_idx_due;
CREATE INDEX mt_doc_paymentsaga_idx_due ON shop.mt_doc_paymentsaga (
    (COALESCE(data -> 'attempts' -> -1 ->> 'channel', data -> 'order' ->> 'channel', '')), due, id)
    WHERE due IS NOT NULL;

DROP INDEX shop.mt_doc_deliverysaga_idx_due;
CREATE INDEX mt_doc_deliverysaga_idx_due ON shop.mt_doc_deliverysaga (due, id) WHERE due IS NOT NULL;
