-- A transaction's own mark, drawn at random: by it the store finds out whether one stands whose commit failed. A batch
-- of changes to cards leaves none; it is known by its rows.
ALTER TABLE store ADD COLUMN mark BLOB NOT NULL DEFAULT x'0000000000000000';
