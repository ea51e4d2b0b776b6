-- Partners, their webhooks, and what is still to be sent to these.

-- published: the version that shop.partners.v1 has; the publisher looks for rows behind it.
CREATE TABLE shop.mt_doc_partner (
    id varchar NOT NULL,
    data jsonb NOT NULL,
    mt_last_modified timestamptz DEFAULT transaction_timestamp(),
    mt_dotnet_type varchar,
    mt_version integer NOT NULL DEFAULT 0,
    published integer NOT NULL DEFAULT 0,
    CONSTRAINT pkey_mt_doc_partner_id PRIMARY KEY (id)
);
CREATE INDEX mt_doc_partner_idx_unpublished ON shop.mt_doc_partner (id) WHERE published < mt_version;

-- secret, old_secret: sealed under the key-encryption keys that kek and old_kek name; the old one signs too until old_until.
-- pending: rows in webhook_deliveries. failing_since: no call has succeeded since. missed_since: the time of the oldest
-- event that was dropped when it was disabled.
CREATE TABLE shop.webhooks (
    id varchar PRIMARY KEY,
    partner varchar NOT NULL REFERENCES shop.mt_doc_partner (id),
    url text NOT NULL,
    events text[],
    skus text[],
    secret bytea NOT NULL,
    kek text NOT NULL,
    old_secret bytea,
    old_kek text,
    old_until timestamptz,
    enabled boolean NOT NULL DEFAULT true,
    reason text,
    created_at timestamptz NOT NULL DEFAULT now(),
    pending bigint NOT NULL DEFAULT 0,
    delivered bigint NOT NULL DEFAULT 0,
    given_up bigint NOT NULL DEFAULT 0,
    failing_since timestamptz,
    missed_since timestamptz,
    last_error text
) WITH (fillfactor = 50);
CREATE INDEX webhooks_partner ON shop.webhooks (partner);

-- due IS NULL exactly where an earlier event of the same order is still to be sent.
CREATE TABLE shop.webhook_deliveries (
    webhook varchar NOT NULL REFERENCES shop.webhooks (id),
    order_id varchar NOT NULL,
    log_offset bigint NOT NULL,
    event_id text NOT NULL,
    event_time timestamptz NOT NULL,
    body bytea NOT NULL,
    due timestamptz,
    tries integer NOT NULL DEFAULT 0,
    first_try timestamptz,
    PRIMARY KEY (webhook, order_id, log_offset)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 1000);
CREATE INDEX webhook_deliveries_due ON shop.webhook_deliveries (webhook, due, log_offset) WHERE due IS NOT NULL;

-- Asked for by partners; positions and ends: per partition of shop.deliveries.v1, null until the work has begun.
CREATE TABLE shop.webhook_replays (
    id varchar PRIMARY KEY,
    partner varchar NOT NULL,
    webhook varchar,
    after timestamptz NOT NULL,
    until timestamptz NOT NULL,
    positions bigint[],
    ends bigint[],
    sent bigint NOT NULL DEFAULT 0,
    requested_at timestamptz NOT NULL
);
CREATE INDEX webhook_replays_requested ON shop.webhook_replays (requested_at);
