-- Workers who want to be told privately. No time, no number, and nothing that leads to a card: the locator is an HMAC of
-- its code. Rows of one size, in the order of their locators.
CREATE TABLE notice (
    locator BLOB PRIMARY KEY CHECK (length(locator) = 32),
    walkout TEXT NOT NULL,
    platform TEXT NOT NULL,
    sealed BLOB NOT NULL  -- to the walkout's public key
) STRICT, WITHOUT ROWID;

-- 1: `address` holds a notice's locator in place of an address, so that who deletes the notice is not written to.
ALTER TABLE parcel ADD COLUMN notice INTEGER NOT NULL DEFAULT 0;

-- Rooms and everybody with a role come before notices, also those that had to wait.
CREATE INDEX parcel_in_turn ON parcel (platform, notice, id) WHERE state = 'waiting';
