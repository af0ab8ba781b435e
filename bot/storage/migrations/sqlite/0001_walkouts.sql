-- Times are microseconds since 1970 (UTC). Cards carry no time and no number: nothing tells who came first.

CREATE TABLE store (
    id TEXT NOT NULL  -- the key file names the store it belongs to
) STRICT;

CREATE TABLE walkout (
    id TEXT PRIMARY KEY,
    stage TEXT NOT NULL,
    terms TEXT NOT NULL,  -- JSON, frozen once open
    starts INTEGER NOT NULL,
    pledge_by INTEGER NOT NULL,
    opened INTEGER,
    tally INTEGER NOT NULL,
    tallied INTEGER,
    next_tally INTEGER,
    streak INTEGER NOT NULL,
    milestone INTEGER NOT NULL,
    reminded INTEGER,
    ended INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE workplace (
    walkout TEXT NOT NULL REFERENCES walkout,
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    headcount INTEGER NOT NULL CHECK (headcount > 0),
    threshold INTEGER NOT NULL CHECK (threshold BETWEEN 5 AND headcount),
    meet TEXT NOT NULL,
    minted INTEGER NOT NULL DEFAULT 0,
    standing INTEGER NOT NULL DEFAULT 0 CHECK (standing BETWEEN 0 AND minted),
    reached INTEGER NOT NULL DEFAULT 0,
    number INTEGER NOT NULL DEFAULT 0,
    anchor INTEGER NOT NULL DEFAULT 0,
    is_out INTEGER NOT NULL DEFAULT 0,
    told_ready INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (walkout, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE card (
    hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
    walkout TEXT NOT NULL,
    workplace INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('m', 'p', 'w')),  -- minted, pledged, withdrawn
    owner BLOB NOT NULL CHECK (length(owner) = 32),  -- zeros until the first pledge: rows keep their size
    FOREIGN KEY (walkout, workplace) REFERENCES workplace
) STRICT, WITHOUT ROWID;

-- The counts are kept here, so that no statement can forget them and a tally never reads cards.
CREATE TRIGGER card_added AFTER INSERT ON card BEGIN
    UPDATE workplace SET minted = minted + 1, standing = standing + (new.state = 'p')
    WHERE walkout = new.walkout AND id = new.workplace;
END;

CREATE TRIGGER card_changed AFTER UPDATE OF state ON card
WHEN old.workplace = new.workplace AND (old.state = 'p') <> (new.state = 'p') BEGIN
    UPDATE workplace SET standing = standing + (new.state = 'p') - (old.state = 'p')
    WHERE walkout = new.walkout AND id = new.workplace;
END;

CREATE TRIGGER card_moved AFTER UPDATE OF workplace ON card WHEN old.workplace <> new.workplace BEGIN
    UPDATE workplace SET standing = standing - (old.state = 'p'), minted = minted - 1
    WHERE walkout = old.walkout AND id = old.workplace;
    UPDATE workplace SET minted = minted + 1, standing = standing + (new.state = 'p')
    WHERE walkout = new.walkout AND id = new.workplace;
END;

CREATE TABLE room (
    walkout TEXT NOT NULL REFERENCES walkout,
    scope INTEGER NOT NULL,  -- a workplace; 0: citywide
    platform TEXT NOT NULL,
    address TEXT NOT NULL,
    PRIMARY KEY (walkout, scope, platform, address)
) STRICT, WITHOUT ROWID;

CREATE TABLE organizer (
    id BLOB PRIMARY KEY,
    platform TEXT NOT NULL,
    address BLOB NOT NULL,  -- sealed
    nickname BLOB NOT NULL  -- sealed
) STRICT, WITHOUT ROWID;

CREATE TABLE support (
    walkout TEXT NOT NULL REFERENCES walkout,
    matter TEXT NOT NULL,
    organizer BLOB NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (walkout, matter, organizer)
) STRICT, WITHOUT ROWID;

CREATE TABLE announcement (
    walkout TEXT NOT NULL REFERENCES walkout,
    scope INTEGER NOT NULL,
    kind TEXT NOT NULL,
    about INTEGER NOT NULL,
    occasion TEXT NOT NULL,  -- the tally's number, or the reminder's due time
    facts TEXT NOT NULL,  -- JSON
    PRIMARY KEY (walkout, scope, kind, about, occasion)
) STRICT, WITHOUT ROWID;

CREATE TABLE parcel (
    id INTEGER PRIMARY KEY,
    walkout TEXT NOT NULL,
    scope INTEGER NOT NULL,
    kind TEXT NOT NULL,
    about INTEGER NOT NULL,
    occasion TEXT NOT NULL,
    platform TEXT NOT NULL,
    room TEXT NOT NULL,  -- '' when it goes to an organizer
    organizer BLOB NOT NULL,  -- x'' when it goes to a room
    state TEXT NOT NULL DEFAULT 'waiting',
    not_before INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    UNIQUE (walkout, scope, kind, about, occasion, platform, room, organizer),
    FOREIGN KEY (walkout, scope, kind, about, occasion) REFERENCES announcement
) STRICT;

CREATE INDEX parcel_to_send ON parcel (state, not_before) WHERE state IN ('waiting', 'claimed');
