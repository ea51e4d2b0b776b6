-- Keys that became void because they were moved to another region; null for other voids.
ALTER TABLE shop.key_voids ADD COLUMN to_region varchar;
