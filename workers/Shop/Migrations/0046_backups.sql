-- Backups that the repository still holds, and where the database stood when each began: what is below all of them may be
-- trimmed from the log. A position that is not known is null, and then nothing is.
CREATE TABLE shop.backups (
    label text PRIMARY KEY,
    kind text NOT NULL,
    started_at timestamptz NOT NULL,
    stopped_at timestamptz NOT NULL,
    commit_no bigint,
    progress jsonb
);
