-- An import is many batches; the part of a batch's id before the first hyphen names its import.
ALTER TABLE shop.key_batches ADD COLUMN import varchar GENERATED ALWAYS AS (split_part(id, '-', 1)) STORED;
CREATE INDEX key_batches_import ON shop.key_batches (import);
CREATE INDEX key_batches_imported_at ON shop.key_batches (imported_at);

-- Which keys came with a batch: for voids, exports and counts of a batch. Few distinct values, so the index is small.
CREATE INDEX card_keys_batch ON shop.card_keys (batch);

-- What each void came to: a repeated record finds its id here and changes nothing.
CREATE TABLE shop.key_voids (
    id varchar PRIMARY KEY,
    sku varchar NOT NULL,
    asked integer NOT NULL,
    voided integer NOT NULL,
    reason text NOT NULL,
    operator text NOT NULL,
    voided_at timestamptz NOT NULL
);

-- How far the rotation to a key-encryption key has come: from the highest id downwards.
CREATE TABLE shop.key_rotation (
    kek text PRIMARY KEY,
    below uuid,
    done_at timestamptz
);
