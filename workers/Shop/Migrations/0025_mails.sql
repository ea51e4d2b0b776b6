-- Mails to buyers: what is to be sent, what failed, and for a while what was sent, so that a repeated event sends no
-- second one. Neither contact nor key text: the sender reads those when it sends.
-- due: of what waits; also the end of the lease of a sender that has it in hand. first_try: of the present span of tries.
CREATE TABLE shop.mails (
    event_id text PRIMARY KEY,
    order_id varchar NOT NULL,
    kind text NOT NULL CHECK (kind IN ('delivered', 'replaced', 'refunded')),
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'no-address', 'failed')),
    due timestamptz,
    tries integer NOT NULL DEFAULT 0,
    first_try timestamptz,
    last_error text,
    added_at timestamptz NOT NULL,
    settled_at timestamptz,
    CHECK ((state = 'waiting') = (due IS NOT NULL)),
    CHECK ((state = 'waiting') = (settled_at IS NULL))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 1000);
CREATE INDEX mails_due ON shop.mails (due) WHERE due IS NOT NULL;
CREATE INDEX mails_order ON shop.mails (order_id);
CREATE INDEX mails_failed ON shop.mails (settled_at) WHERE state = 'failed';
CREATE INDEX mails_over ON shop.mails (settled_at) WHERE state IN ('sent', 'no-address');
