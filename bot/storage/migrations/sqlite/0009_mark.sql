-- The last transaction's own mark, drawn at random: by it the store finds out whether one stands whose commit failed.
ALTER TABLE store ADD COLUMN mark BLOB NOT NULL DEFAULT x'0000000000000000';
