-- A key that was replaced is void and stays with its order. Older rows obey the stricter rule: they need no second look.
ALTER TABLE shop.card_keys DROP CONSTRAINT card_keys_check;
ALTER TABLE shop.card_keys ADD CONSTRAINT card_keys_order CHECK (
    CASE status WHEN 'sold' THEN order_id IS NOT NULL WHEN 'unsold' THEN order_id IS NULL ELSE true END) NOT VALID;

-- Orders of a contact and query password, newest first. The hash is of both: whoever lacks one finds nothing.
CREATE INDEX mt_doc_paymentsaga_idx_lookup ON shop.mt_doc_paymentsaga (
    (data -> 'order' ->> 'passwordHash'), (data -> 'order' ->> 'acceptedAt') DESC)
    WHERE data -> 'order' ->> 'passwordHash' IS NOT NULL;

-- Manual goods that wait for an operator, by the end of their time.
CREATE INDEX mt_doc_deliverysaga_idx_manual ON shop.mt_doc_deliverysaga ((data ->> 'waitUntil'), id)
    WHERE data ->> 'status' = 'manual';
