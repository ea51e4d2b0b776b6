-- Figures for the owner: per day on which orders were placed, product, channel and region.

-- An ended order enters it once; while it is open, every change of it would be another entry. Open orders are found by
-- their due time.
CREATE INDEX mt_doc_paymentsaga_idx_accepted ON shop.mt_doc_paymentsaga (((data -> 'order' ->> 'acceptedAt') COLLATE "C"))
    WHERE due IS NULL;

-- What an order adds to its day. Money that does not match its order is nobody's until a person has decided.
CREATE VIEW shop.order_figures AS
SELECT p.id, (p.data -> 'order' ->> 'acceptedAt') COLLATE "C" AS accepted, p.data -> 'order' ->> 'sku' AS sku,
    COALESCE(p.data -> 'attempts' -> -1 ->> 'channel', p.data -> 'order' ->> 'channel', '') AS channel,
    COALESCE(p.data -> 'order' ->> 'region', '') AS region, p.data ->> 'status' AS status,
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

-- archived: of orders that have moved to files; added by the transaction that moves them, and never computed again. The rest
-- is computed whole from the documents, a day at a time, and replaced.
-- timed, delivery_ms: deliveries whose payment's time is known, and how long they took together.
CREATE TABLE shop.statistics (
    day date NOT NULL,
    sku varchar NOT NULL,
    channel varchar NOT NULL,
    region varchar NOT NULL,
    archived boolean NOT NULL,
    placed bigint NOT NULL,
    opened bigint NOT NULL,
    paid bigint NOT NULL,
    delivered bigint NOT NULL,
    expired bigint NOT NULL,
    refused bigint NOT NULL,
    sold_out bigint NOT NULL,
    cancelled bigint NOT NULL,
    refunded bigint NOT NULL,
    revenue bigint NOT NULL,
    refunded_amount bigint NOT NULL,
    timed bigint NOT NULL,
    delivery_ms bigint NOT NULL,
    PRIMARY KEY (day, sku, channel, region, archived)
);

-- When a day was computed, in which zone, and how long that took. A day without a row has to be computed before it is shown.
CREATE TABLE shop.statistics_days (
    day date PRIMARY KEY,
    zone text NOT NULL,
    rolled_at timestamptz NOT NULL,
    took_ms integer NOT NULL
);
