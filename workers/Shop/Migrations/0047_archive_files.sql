-- Files of archived orders. A row is written before its file, and is done with the tombstones: a file that was begun and
-- whose transaction never came is found by it.
CREATE TABLE shop.archive_files (
    place text PRIMARY KEY,
    orders integer NOT NULL DEFAULT 0,
    begun_at timestamptz NOT NULL,
    done_at timestamptz
);
CREATE INDEX archive_files_begun ON shop.archive_files (place) WHERE done_at IS NULL;

-- How far a housekeeping job has come with its pass over a table, by primary key.
CREATE TABLE shop.housekeeping (
    job text PRIMARY KEY,
    after varchar NOT NULL,
    at timestamptz NOT NULL
);
