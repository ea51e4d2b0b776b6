-- What 'shopctl recover' has read of the log and not yet worked in, so that its memory is bounded whatever the window is.
-- Unlogged: a crash empties it, and the next run reads the log again. Empty outside a run.
-- kind: 0 snapshot of a payment, 1 event, 2 order input, 3 notification, 4 text of manual goods, 5 void (of no order).
CREATE UNLOGGED TABLE shop.recovery_records (
    order_id varchar COLLATE "C" NOT NULL,
    kind smallint NOT NULL,
    partition integer NOT NULL,
    log_offset bigint NOT NULL,
    at timestamptz NOT NULL,
    type text,
    body bytea NOT NULL,
    PRIMARY KEY (order_id, kind, partition, log_offset)
);

-- One row while a recovery is under way: where it began, which its own writing would hide. since: a moment that the
-- database had lived to; null where it was empty.
CREATE TABLE shop.recovery (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    commit_no bigint NOT NULL,
    since timestamptz,
    started_at timestamptz NOT NULL
);
