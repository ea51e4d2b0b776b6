-- Replays that are not finished. Their positions stand in progress under groups of their own; both go at the end.
-- asked: what was asked for, so that the same command goes on with it. starts, ends: per partition of the topic.
CREATE TABLE shop.replays (
    id varchar PRIMARY KEY,
    topic text NOT NULL,
    asked text NOT NULL UNIQUE,
    sku varchar,
    order_id varchar,
    starts bigint[] NOT NULL,
    ends bigint[] NOT NULL,
    report jsonb NOT NULL,
    operator text NOT NULL,
    started_at timestamptz NOT NULL
);
