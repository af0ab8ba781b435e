-- A walkout is a step of a campaign. Its cards are the campaign's, which is called as its first step.
ALTER TABLE walkout ADD COLUMN campaign TEXT;  -- NULL: it is the first step itself
ALTER TABLE walkout ADD COLUMN after TEXT;  -- the step on whose proof it opens, or that it is another try of
ALTER TABLE walkout ADD COLUMN cards_gone INTEGER NOT NULL DEFAULT 0;  -- its campaign is closed
ALTER TABLE unit ADD COLUMN took_part INTEGER;  -- people, as its steward has counted them; NULL: nobody has

DROP VIEW change;

CREATE TABLE new_card (
    key BLOB PRIMARY KEY CHECK (length(key) = 32),
    campaign TEXT NOT NULL REFERENCES walkout,
    unit INTEGER NOT NULL,  -- lasts as long as the campaign; a step may open without it
    stale INTEGER NOT NULL DEFAULT 0 CHECK (stale IN (0, 1, 2)),  -- 1: voided, 2: recalled; all in the same room
    owner BLOB NOT NULL CHECK (length(owner) = 32)  -- looks the same before anybody has pledged and after
) STRICT, WITHOUT ROWID;

INSERT INTO new_card (key, campaign, unit, stale, owner)
    SELECT key, walkout, unit, stale, owner FROM card ORDER BY key;
DROP TABLE card;
ALTER TABLE new_card RENAME TO card;

CREATE VIEW change AS
    SELECT card.key AS card, owner, pledge.key AS pledge, card.campaign, pledge.walkout, card.unit, state, 0 AS makes
    FROM card, pledge WHERE 0;

CREATE TRIGGER change_written INSTEAD OF INSERT ON change WHEN NOT new.makes BEGIN
    UPDATE pledge SET state = new.state WHERE key = new.pledge;
    UPDATE card SET owner = new.owner WHERE key = new.card AND owner <> new.owner;
END;

CREATE TRIGGER change_made INSTEAD OF INSERT ON change WHEN new.makes BEGIN
    INSERT INTO pledge (key, walkout, unit, state) VALUES (new.pledge, new.walkout, new.unit, new.state)
        ON CONFLICT (key) DO UPDATE SET state = excluded.state, unit = excluded.unit;
    INSERT INTO card (key, campaign, unit, owner) VALUES (new.card, new.campaign, new.unit, new.owner)
        ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, unit = excluded.unit;
END;

-- What somebody votes in a survey. No workplace, no time, no number, rows of one size in the order of their locators:
-- an HMAC of the card's code and the account. It goes with the pledge, and all go with the count.
CREATE TABLE ballot (
    locator BLOB PRIMARY KEY CHECK (length(locator) = 32),
    walkout TEXT NOT NULL REFERENCES walkout,
    choices TEXT NOT NULL CHECK (length(choices) = 6)  -- two hexadecimal digits for each question: a bit for an option
) STRICT, WITHOUT ROWID;

CREATE TRIGGER ballot_cast AFTER INSERT ON ballot BEGIN
    UPDATE store SET scattered = 1 WHERE NOT scattered;
END;

CREATE TRIGGER ballot_gone AFTER DELETE ON ballot BEGIN
    UPDATE store SET scattered = 1 WHERE NOT scattered;
END;

-- Who wants to be told if what lapsed is tried again; like a notice, sealed to the campaign's public key.
CREATE TABLE wish (
    locator BLOB PRIMARY KEY CHECK (length(locator) = 32),
    campaign TEXT NOT NULL REFERENCES walkout,
    platform TEXT NOT NULL,
    sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER wish_made AFTER INSERT ON wish BEGIN
    UPDATE store SET scattered = 1 WHERE NOT scattered;
END;

CREATE TRIGGER wish_deleted AFTER DELETE ON wish BEGIN
    UPDATE store SET scattered = 1 WHERE NOT scattered;
END;
