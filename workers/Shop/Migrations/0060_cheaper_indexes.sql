-- Every write of an order computes the expressions of all its indexes. "data -> 'order' ->> 'x'" makes a copy of the order
-- first, "data #>> '{order,x}'" does not; a path expression costs more than both, so it comes second where something cheap can
-- say no before it.
DROP INDEX shop.mt_doc_paymentsaga_idx_open_contact;
CREATE INDEX mt_doc_paymentsaga_idx_open_contact ON shop.mt_doc_paymentsaga ((data #>> '{order,contactHash}'))
    WHERE data ->> 'status' IN ('reserved', 'awaiting-payment') AND data #>> '{order,networkHash}' IS NOT NULL;
DROP INDEX shop.mt_doc_paymentsaga_idx_open_network;
CREATE INDEX mt_doc_paymentsaga_idx_open_network ON shop.mt_doc_paymentsaga ((data #>> '{order,networkHash}'))
    WHERE data ->> 'status' IN ('reserved', 'awaiting-payment') AND data #>> '{order,networkHash}' IS NOT NULL;

DROP INDEX shop.mt_doc_paymentsaga_idx_due;
CREATE INDEX mt_doc_paymentsaga_idx_due ON shop.mt_doc_paymentsaga (
    (COALESCE(data #>> '{attempts,-1,channel}', data #>> '{order,channel}', '')), due, id)
    WHERE due IS NOT NULL;

DROP INDEX shop.mt_doc_paymentsaga_idx_lookup;
CREATE INDEX mt_doc_paymentsaga_idx_lookup ON shop.mt_doc_paymentsaga (
    (data #>> '{order,passwordHash}'), (data #>> '{order,acceptedAt}') DESC)
    WHERE data #>> '{order,passwordHash}' IS NOT NULL;

DROP INDEX shop.mt_doc_paymentsaga_idx_review;
CREATE INDEX mt_doc_paymentsaga_idx_review ON shop.mt_doc_paymentsaga (id)
    WHERE data #> '{reviews,0}' IS NOT NULL AND jsonb_path_exists(data, '$.reviews[*] ? (!exists(@.closedAt))');

-- Whoever has a refund of a later payment has a second payment.
DROP INDEX shop.mt_doc_paymentsaga_idx_further;
CREATE INDEX mt_doc_paymentsaga_idx_further ON shop.mt_doc_paymentsaga (mt_last_modified, id)
    WHERE data #> '{payments,1}' IS NOT NULL OR data #> '{payments,0,refunds,0}' IS NOT NULL;

DROP INDEX shop.mt_doc_paymentsaga_idx_accepted;
CREATE INDEX mt_doc_paymentsaga_idx_accepted ON shop.mt_doc_paymentsaga (((data #>> '{order,acceptedAt}') COLLATE "C"))
    WHERE due IS NULL;

CREATE OR REPLACE VIEW shop.order_figures AS
SELECT p.id, (p.data #>> '{order,acceptedAt}') COLLATE "C" AS accepted, p.data #>> '{order,sku}' AS sku,
    COALESCE(p.data #>> '{attempts,-1,channel}', p.data #>> '{order,channel}', '') AS channel,
    COALESCE(p.data #>> '{order,region}', '') AS region, p.data ->> 'status' AS status,
    jsonb_path_exists(p.data, '$.attempts[*].link') AS opened, m.paid_at, m.revenue, m.refunded,
    (d.data ->> 'deliveredAt')::timestamptz AS delivered_at
FROM (
    SELECT id, data FROM shop.mt_doc_paymentsaga WHERE due IS NULL
    UNION ALL
    SELECT id, data FROM shop.mt_doc_paymentsaga WHERE due IS NOT NULL) p
LEFT JOIN shop.mt_doc_deliverysaga d ON d.id = p.id
CROSS JOIN LATERAL (
    SELECT (min(x ->> 'at') FILTER (WHERE x ->> 'use' = 'order'))::timestamptz AS paid_at,
        COALESCE(sum((x ->> 'amount')::bigint), 0)::bigint AS revenue,
        COALESCE(sum((SELECT sum((r ->> 'amount')::bigint) FROM jsonb_array_elements(x -> 'refunds') r WHERE r ->> 'state' = 'done')), 0)::bigint
            AS refunded
    FROM jsonb_array_elements(p.data -> 'payments') x WHERE x ->> 'use' <> 'mismatch') m;
