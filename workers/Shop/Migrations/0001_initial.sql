-- The pipeline's own tables.

CREATE SEQUENCE shop.outbox_number;

-- One row: how many transactions have been committed. Records and commands carry it; the rollback fence compares.
CREATE TABLE shop.commit_no (one boolean PRIMARY KEY DEFAULT true CHECK (one), n bigint NOT NULL);
INSERT INTO shop.commit_no (n) VALUES (0);

CREATE TABLE shop.progress (
    grp text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL,
    PRIMARY KEY (grp, topic, partition)
);

CREATE TABLE shop.outbox (
    number bigint PRIMARY KEY,
    commit_no bigint NOT NULL,
    records bytea,
    commands bytea,
    waits bigint[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 1000);
ALTER TABLE shop.outbox ALTER COLUMN records SET STORAGE EXTERNAL, ALTER COLUMN commands SET STORAGE EXTERNAL;

CREATE TABLE shop.parked (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    outbox bigint NOT NULL,
    order_id varchar,
    kind text NOT NULL,
    body bytea NOT NULL,
    reason text NOT NULL,
    parked_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX parked_outbox ON shop.parked (outbox, order_id);

-- Documents as Marten lays them out (numeric revisions), with duplicated fields behind them.

CREATE TABLE shop.mt_doc_paymentsaga (
    id varchar NOT NULL,
    data jsonb NOT NULL,
    mt_last_modified timestamptz DEFAULT transaction_timestamp(),
    mt_dotnet_type varchar,
    mt_version integer NOT NULL DEFAULT 0,
    due timestamptz,
    outbox bigint NOT NULL DEFAULT 0,
    CONSTRAINT pkey_mt_doc_paymentsaga_id PRIMARY KEY (id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
ALTER TABLE shop.mt_doc_paymentsaga ALTER COLUMN data SET STORAGE MAIN;
CREATE INDEX mt_doc_paymentsaga_idx_due ON shop.mt_doc_paymentsaga (due) WHERE due IS NOT NULL;

CREATE TABLE shop.mt_doc_deliverysaga (
    id varchar NOT NULL,
    data jsonb NOT NULL,
    mt_last_modified timestamptz DEFAULT transaction_timestamp(),
    mt_dotnet_type varchar,
    mt_version integer NOT NULL DEFAULT 0,
    due timestamptz,
    outbox bigint NOT NULL DEFAULT 0,
    CONSTRAINT pkey_mt_doc_deliverysaga_id PRIMARY KEY (id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
CREATE INDEX mt_doc_deliverysaga_idx_due ON shop.mt_doc_deliverysaga (due) WHERE due IS NOT NULL;
CREATE INDEX mt_doc_deliverysaga_idx_waiting ON shop.mt_doc_deliverysaga ((data ->> 'sku'), (data ->> 'createdAt'))
    WHERE data ->> 'status' = 'waiting-stock';

-- published: the version that shop.catalog.v1 has; the publisher looks for rows behind it.
CREATE TABLE shop.mt_doc_product (
    id varchar NOT NULL,
    data jsonb NOT NULL,
    mt_last_modified timestamptz DEFAULT transaction_timestamp(),
    mt_dotnet_type varchar,
    mt_version integer NOT NULL DEFAULT 0,
    published integer NOT NULL DEFAULT 0,
    CONSTRAINT pkey_mt_doc_product_id PRIMARY KEY (id)
);
CREATE INDEX mt_doc_product_idx_unpublished ON shop.mt_doc_product (id) WHERE published < mt_version;

-- The shop's tables.

CREATE TABLE shop.stock (
    sku varchar NOT NULL,
    region varchar NOT NULL,
    imported bigint NOT NULL DEFAULT 0 CHECK (imported >= 0),
    available bigint NOT NULL DEFAULT 0 CHECK (available >= 0),
    reserved bigint NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    held bigint NOT NULL DEFAULT 0 CHECK (held >= 0),
    sold bigint NOT NULL DEFAULT 0 CHECK (sold >= 0),
    void bigint NOT NULL DEFAULT 0 CHECK (void >= 0),
    CONSTRAINT held_is_reserved CHECK (held <= reserved),
    CONSTRAINT stock_adds_up CHECK (available + reserved + sold + void = imported),
    PRIMARY KEY (sku, region)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 500);

-- sealed: number and secret, AES-256-GCM under the key-encryption key that kek names. Never plain text.
CREATE TABLE shop.card_keys (
    id uuid PRIMARY KEY,
    sku varchar NOT NULL,
    region varchar NOT NULL,
    status text NOT NULL DEFAULT 'unsold' CHECK (status IN ('unsold', 'sold', 'void')),
    version integer NOT NULL DEFAULT 0,
    order_id varchar,
    sold_at timestamptz,
    batch varchar NOT NULL,
    kek text NOT NULL,
    sealed bytea NOT NULL,
    CHECK ((status = 'sold') = (order_id IS NOT NULL))
) WITH (autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX card_keys_unsold ON shop.card_keys (sku, region, id) WHERE status = 'unsold';

-- What each imported batch came to; duplicates are places in the batch.
CREATE TABLE shop.key_batches (
    id varchar PRIMARY KEY,
    sku varchar NOT NULL,
    keys integer NOT NULL,
    duplicates integer[] NOT NULL,
    imported_at timestamptz NOT NULL
);

CREATE TABLE shop.archive (
    id varchar PRIMARY KEY,
    final_status text NOT NULL,
    place text NOT NULL
);
