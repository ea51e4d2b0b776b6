-- Reconciliation asks what was recorded in a period. Times in documents are UTC in a fixed width: they sort as text.

-- The first payment of an order: for nearly all orders the only movement of money.
CREATE INDEX mt_doc_paymentsaga_idx_paid ON shop.mt_doc_paymentsaga ((data #>> '{payments,0,at}'), id)
    WHERE data #>> '{payments,0,at}' IS NOT NULL;

-- Orders with more than that (a second payment, a refund), by their last change: few, and changed when it happened.
CREATE INDEX mt_doc_paymentsaga_idx_further ON shop.mt_doc_paymentsaga (mt_last_modified, id)
    WHERE data #>> '{payments,1,at}' IS NOT NULL OR jsonb_path_exists(data, '$.payments[*].refunds[*]');
