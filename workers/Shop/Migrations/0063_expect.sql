-- A batch's statements and its COMMIT travel together, so that no other fleet waits for a round trip of this one with the hot rows
-- locked. What must have happened is therefore said here, and what did not rolls everything back.
CREATE OR REPLACE FUNCTION shop.expect(changed bigint, wanted bigint, what text) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    IF changed <> wanted THEN
        RAISE EXCEPTION '%: % of % rows', what, changed, wanted USING ERRCODE = 'check_violation';
    END IF;
    RETURN changed;
END
$$;
