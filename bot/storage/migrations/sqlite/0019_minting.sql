-- Cards are minted in pieces. Which those are is written down with each, so that a minting that is cut off leaves none.
CREATE TABLE piece (
    number INTEGER PRIMARY KEY,
    cards BLOB NOT NULL,  -- their keys, one after the other
    pledges BLOB NOT NULL  -- likewise; each in its own order, which tells nothing of the other's
) STRICT;

ALTER TABLE store ADD COLUMN minting INTEGER NOT NULL DEFAULT 0;  -- 1: what the pieces name is not to stay

-- They leave room behind, perhaps after a tally.
CREATE TRIGGER piece_forgotten AFTER DELETE ON piece BEGIN
    UPDATE store SET scattered = 1 WHERE NOT scattered;
END;
