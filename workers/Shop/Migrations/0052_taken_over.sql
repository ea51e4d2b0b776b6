-- Whose log the positions in shop.progress are of: the prefix of its topics; empty for an installation's own. A database that was
-- restored elsewhere is fenced until it was recovered from the topics that are there.
ALTER TABLE shop.commit_no ADD COLUMN log text NOT NULL DEFAULT '';
