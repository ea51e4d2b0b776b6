-- Inputs for other regions' ids that were passed over here: they stay in the log for whoever takes those ids over.
CREATE TABLE shop.foreign_inputs (
    region varchar NOT NULL,
    topic text NOT NULL,
    records bigint NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (region, topic)
);
