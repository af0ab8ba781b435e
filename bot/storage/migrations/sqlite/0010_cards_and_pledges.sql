-- Cards and pledges are two things, each found only by whoever has the key file: docs/decisions/0029.
CREATE TABLE new_card (
    key BLOB PRIMARY KEY CHECK (length(key) = 32),
    walkout TEXT NOT NULL,
    workplace INTEGER NOT NULL,
    stale INTEGER NOT NULL DEFAULT 0 CHECK (stale IN (0, 1)),  -- voided or recalled; SQLite gives both the same room
    owner BLOB NOT NULL CHECK (length(owner) = 32),  -- looks the same before anybody has pledged and after
    FOREIGN KEY (walkout, workplace) REFERENCES workplace
) STRICT, WITHOUT ROWID;

CREATE TABLE pledge (
    key BLOB PRIMARY KEY CHECK (length(key) = 32),
    walkout TEXT NOT NULL,
    workplace INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('m', 'p', 'w', 'o', 'r')),  -- blank, pledged, withdrawn, and out, recalled
    FOREIGN KEY (walkout, workplace) REFERENCES workplace
) STRICT, WITHOUT ROWID;

-- `kept_anew` is the program's, which has the keys: card, pledge and owner in one piece; NULL if the key is destroyed.
CREATE TEMP TABLE kept AS
    SELECT kept_anew(walkout, hash, owner) AS keys, walkout, workplace, state FROM main.card;
INSERT INTO new_card (key, walkout, workplace, owner)
    SELECT substr(keys, 1, 32), walkout, workplace, substr(keys, 65) FROM kept WHERE keys IS NOT NULL ORDER BY 1;
INSERT INTO pledge (key, walkout, workplace, state)
    SELECT substr(keys, 33, 32), walkout, workplace, state FROM kept WHERE keys IS NOT NULL ORDER BY 1;

ALTER TABLE store ADD COLUMN untidy INTEGER NOT NULL DEFAULT 0;  -- 1: the file is to be written anew
UPDATE store SET untidy = EXISTS (SELECT 1 FROM kept);

UPDATE workplace SET minted = 0, standing = 0, turnout = 0
WHERE walkout IN (SELECT walkout FROM kept WHERE keys IS NULL);

DROP TABLE kept;
DROP TABLE main.card;
ALTER TABLE new_card RENAME TO card;

ALTER TABLE workplace ADD COLUMN voided INTEGER;  -- when its cards were voided or recalled last
ALTER TABLE workplace ADD COLUMN told_people INTEGER NOT NULL DEFAULT 0;

CREATE TRIGGER pledge_added AFTER INSERT ON pledge BEGIN
    UPDATE workplace SET minted = minted + 1, standing = standing + (new.state IN ('p', 'o')),
        turnout = turnout + (new.state = 'o')
    WHERE walkout = new.walkout AND id = new.workplace;
END;

CREATE TRIGGER pledge_changed AFTER UPDATE OF state ON pledge
WHEN old.workplace = new.workplace AND old.state <> new.state BEGIN
    UPDATE workplace SET standing = standing + (new.state IN ('p', 'o')) - (old.state IN ('p', 'o')),
        turnout = turnout + (new.state = 'o') - (old.state = 'o')
    WHERE walkout = new.walkout AND id = new.workplace;
END;

CREATE TRIGGER pledge_moved AFTER UPDATE OF workplace ON pledge WHEN old.workplace <> new.workplace BEGIN
    UPDATE workplace SET standing = standing - (old.state IN ('p', 'o')), turnout = turnout - (old.state = 'o'),
        minted = minted - 1
    WHERE walkout = old.walkout AND id = old.workplace;
    UPDATE workplace SET minted = minted + 1, standing = standing + (new.state IN ('p', 'o')),
        turnout = turnout + (new.state = 'o')
    WHERE walkout = new.walkout AND id = new.workplace;
END;

CREATE TRIGGER pledge_removed AFTER DELETE ON pledge BEGIN
    UPDATE workplace SET standing = standing - (old.state IN ('p', 'o')), turnout = turnout - (old.state = 'o'),
        minted = minted - 1
    WHERE walkout = old.walkout AND id = old.workplace;
END;

-- What becomes of one card is written here, in one statement and so as a whole; `makes`: the rows may not be there yet.
CREATE VIEW change AS
    SELECT card.key AS card, owner, pledge.key AS pledge, card.walkout, card.workplace, state, 0 AS makes
    FROM card, pledge WHERE 0;

CREATE TRIGGER change_written INSTEAD OF INSERT ON change WHEN NOT new.makes BEGIN
    UPDATE pledge SET state = new.state WHERE key = new.pledge;
    UPDATE card SET owner = new.owner WHERE key = new.card AND owner <> new.owner;
END;

CREATE TRIGGER change_made INSTEAD OF INSERT ON change WHEN new.makes BEGIN
    INSERT INTO pledge (key, walkout, workplace, state) VALUES (new.pledge, new.walkout, new.workplace, new.state)
        ON CONFLICT (key) DO UPDATE SET state = excluded.state, workplace = excluded.workplace;
    INSERT INTO card (key, walkout, workplace, owner) VALUES (new.card, new.walkout, new.workplace, new.owner)
        ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, workplace = excluded.workplace;
END;
