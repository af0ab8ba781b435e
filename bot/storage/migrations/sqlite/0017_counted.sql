-- A workplace's counts, in rows that keep their size whatever is counted, so that pledging moves no row within the file:
-- docs/decisions/0023. SQLite gives every number from here on six bytes: 2^40, and the count above it.
CREATE TABLE counted (
    walkout TEXT NOT NULL,
    id INTEGER NOT NULL,
    minted INTEGER NOT NULL DEFAULT 0x10000000000,
    standing INTEGER NOT NULL DEFAULT 0x10000000000 CHECK (standing BETWEEN 0x10000000000 AND minted),
    turnout INTEGER NOT NULL DEFAULT 0x10000000000 CHECK (turnout BETWEEN 0x10000000000 AND standing),
    PRIMARY KEY (walkout, id),
    FOREIGN KEY (walkout, id) REFERENCES workplace
) STRICT, WITHOUT ROWID;

CREATE VIEW counts AS
    SELECT walkout, id, minted - 0x10000000000 AS minted, standing - 0x10000000000 AS standing,
        turnout - 0x10000000000 AS turnout
    FROM counted;

INSERT INTO counted (walkout, id, minted, standing, turnout)
    SELECT walkout, id, minted + 0x10000000000, standing + 0x10000000000, turnout + 0x10000000000 FROM workplace;

DROP TRIGGER pledge_added;
DROP TRIGGER pledge_changed;
DROP TRIGGER pledge_moved;
DROP TRIGGER pledge_removed;
ALTER TABLE workplace DROP COLUMN turnout;
ALTER TABLE workplace DROP COLUMN standing;
ALTER TABLE workplace DROP COLUMN minted;

CREATE TRIGGER workplace_added AFTER INSERT ON workplace BEGIN
    INSERT INTO counted (walkout, id) VALUES (new.walkout, new.id);
END;

CREATE TRIGGER pledge_added AFTER INSERT ON pledge BEGIN
    UPDATE counted SET minted = minted + 1, standing = standing + (new.state IN ('p', 'o')),
        turnout = turnout + (new.state = 'o')
    WHERE walkout = new.walkout AND id = new.workplace;
    UPDATE store SET scattered = 1 WHERE NOT scattered;
END;

CREATE TRIGGER pledge_changed AFTER UPDATE OF state ON pledge
WHEN old.workplace = new.workplace AND old.state <> new.state BEGIN
    UPDATE counted SET standing = standing + (new.state IN ('p', 'o')) - (old.state IN ('p', 'o')),
        turnout = turnout + (new.state = 'o') - (old.state = 'o')
    WHERE walkout = new.walkout AND id = new.workplace;
END;

CREATE TRIGGER pledge_moved AFTER UPDATE OF workplace ON pledge WHEN old.workplace <> new.workplace BEGIN
    UPDATE counted SET standing = standing - (old.state IN ('p', 'o')), turnout = turnout - (old.state = 'o'),
        minted = minted - 1
    WHERE walkout = old.walkout AND id = old.workplace;
    UPDATE counted SET minted = minted + 1, standing = standing + (new.state IN ('p', 'o')),
        turnout = turnout + (new.state = 'o')
    WHERE walkout = new.walkout AND id = new.workplace;
    UPDATE store SET scattered = 1 WHERE NOT scattered;
END;

CREATE TRIGGER pledge_removed AFTER DELETE ON pledge BEGIN
    UPDATE counted SET standing = standing - (old.state IN ('p', 'o')), turnout = turnout - (old.state = 'o'),
        minted = minted - 1
    WHERE walkout = old.walkout AND id = old.workplace;
    UPDATE store SET scattered = 1 WHERE NOT scattered;
END;

-- Whatever makes, moves or deletes a pledge or a notice is told by where its row lies, until the file is written anew.
-- SQLite gives 0 and 1 the same room.
ALTER TABLE store ADD COLUMN scattered INTEGER NOT NULL DEFAULT 1;

CREATE TRIGGER notice_made AFTER INSERT ON notice BEGIN
    UPDATE store SET scattered = 1 WHERE NOT scattered;
END;

CREATE TRIGGER notice_deleted AFTER DELETE ON notice BEGIN
    UPDATE store SET scattered = 1 WHERE NOT scattered;
END;
