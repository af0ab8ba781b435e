-- How many cards a workplace has, as far as anybody may know: after voiding, `minted` would tell how many pledged.
ALTER TABLE workplace ADD COLUMN issued INTEGER NOT NULL DEFAULT 0;
UPDATE workplace SET issued = minted;

CREATE TABLE errand (
    id INTEGER PRIMARY KEY,
    platform TEXT NOT NULL,
    what BLOB NOT NULL,  -- the message to be deleted, sealed
    due INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0
) STRICT;
