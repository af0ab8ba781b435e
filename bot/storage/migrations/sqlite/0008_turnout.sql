-- On the day a pledged card may say that its holder is out ('o'); it stands all the same. Both are counted here.
CREATE TABLE new_card (
    hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
    walkout TEXT NOT NULL,
    workplace INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('m', 'p', 'w', 'o')),  -- minted, pledged, withdrawn, pledged and out
    owner BLOB NOT NULL CHECK (length(owner) = 32),  -- zeros until the first pledge: rows keep their size
    FOREIGN KEY (walkout, workplace) REFERENCES workplace
) STRICT, WITHOUT ROWID;
INSERT INTO new_card SELECT hash, walkout, workplace, state, owner FROM card;
DROP TABLE card;
ALTER TABLE new_card RENAME TO card;

ALTER TABLE workplace ADD COLUMN turnout INTEGER NOT NULL DEFAULT 0 CHECK (turnout BETWEEN 0 AND standing);
ALTER TABLE workplace ADD COLUMN turnout_reached INTEGER NOT NULL DEFAULT 0;
ALTER TABLE workplace ADD COLUMN turnout_number INTEGER NOT NULL DEFAULT 0;
ALTER TABLE workplace ADD COLUMN turnout_anchor INTEGER NOT NULL DEFAULT 0;
ALTER TABLE workplace ADD COLUMN drawn INTEGER;  -- cards drawn, as its steward says; NULL: nobody has said
ALTER TABLE workplace ADD COLUMN told_drawn INTEGER NOT NULL DEFAULT 0;

CREATE TRIGGER card_added AFTER INSERT ON card BEGIN
    UPDATE workplace SET minted = minted + 1, standing = standing + (new.state IN ('p', 'o')),
        turnout = turnout + (new.state = 'o')
    WHERE walkout = new.walkout AND id = new.workplace;
END;

CREATE TRIGGER card_changed AFTER UPDATE OF state ON card
WHEN old.workplace = new.workplace AND old.state <> new.state BEGIN
    UPDATE workplace SET standing = standing + (new.state IN ('p', 'o')) - (old.state IN ('p', 'o')),
        turnout = turnout + (new.state = 'o') - (old.state = 'o')
    WHERE walkout = new.walkout AND id = new.workplace;
END;

CREATE TRIGGER card_moved AFTER UPDATE OF workplace ON card WHEN old.workplace <> new.workplace BEGIN
    UPDATE workplace SET standing = standing - (old.state IN ('p', 'o')), turnout = turnout - (old.state = 'o'),
        minted = minted - 1
    WHERE walkout = old.walkout AND id = old.workplace;
    UPDATE workplace SET minted = minted + 1, standing = standing + (new.state IN ('p', 'o')),
        turnout = turnout + (new.state = 'o')
    WHERE walkout = new.walkout AND id = new.workplace;
END;

CREATE TRIGGER card_removed AFTER DELETE ON card BEGIN
    UPDATE workplace SET standing = standing - (old.state IN ('p', 'o')), turnout = turnout - (old.state = 'o'),
        minted = minted - 1
    WHERE walkout = old.walkout AND id = old.workplace;
END;

-- A role card that is settled stays until it is too old: the same code must not be made again within the hour.
ALTER TABLE role_card ADD COLUMN settled INTEGER NOT NULL DEFAULT 0;
