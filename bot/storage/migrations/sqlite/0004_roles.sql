-- Whoever organizes or looks after workplaces has one row here, whatever they do. Address and nickname are sealed.
CREATE TABLE member (
    id BLOB PRIMARY KEY,
    platform TEXT NOT NULL,
    address BLOB NOT NULL,
    nickname BLOB NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO member SELECT id, platform, address, nickname FROM organizer;

CREATE TABLE new_organizer (
    id BLOB PRIMARY KEY REFERENCES member
) STRICT, WITHOUT ROWID;
INSERT INTO new_organizer SELECT id FROM organizer;
DROP TABLE organizer;
ALTER TABLE new_organizer RENAME TO organizer;

CREATE TABLE steward (
    walkout TEXT NOT NULL,
    workplace INTEGER NOT NULL,
    id BLOB NOT NULL REFERENCES member,
    PRIMARY KEY (walkout, workplace, id),
    FOREIGN KEY (walkout, workplace) REFERENCES workplace
) STRICT, WITHOUT ROWID;

DROP TABLE support;  -- open proposals are made again; their approvals lapse after a day anyhow
CREATE TABLE proposal (
    id TEXT PRIMARY KEY,
    matter TEXT NOT NULL,
    walkout TEXT NOT NULL,  -- '' for none
    content BLOB NOT NULL,  -- sealed
    key BLOB NOT NULL,
    about BLOB NOT NULL,
    proposer BLOB NOT NULL,
    until INTEGER NOT NULL,
    became TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE opinion (
    proposal TEXT NOT NULL REFERENCES proposal,
    organizer BLOB NOT NULL,
    approves INTEGER NOT NULL,
    PRIMARY KEY (proposal, organizer)
) STRICT, WITHOUT ROWID;

CREATE TABLE role_card (
    hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
    id TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    walkout TEXT NOT NULL,  -- '' for none
    workplace INTEGER NOT NULL,  -- 0 for none
    nickname BLOB NOT NULL,  -- sealed
    appointer BLOB NOT NULL,
    until INTEGER NOT NULL,
    proposal TEXT NOT NULL,
    word TEXT NOT NULL,
    redeemer BLOB NOT NULL,  -- x'' until it is used
    platform TEXT NOT NULL,
    address BLOB NOT NULL  -- sealed
) STRICT, WITHOUT ROWID;

-- What organizers and stewards did; nothing of workers, and no time but the tally's number.
CREATE TABLE deed (
    number INTEGER PRIMARY KEY,
    walkout TEXT NOT NULL,  -- '' for none
    tally INTEGER NOT NULL,
    deed TEXT NOT NULL,
    nickname BLOB NOT NULL,  -- sealed
    detail BLOB NOT NULL  -- sealed
) STRICT;
CREATE TRIGGER deeds_stay BEFORE UPDATE ON deed BEGIN SELECT RAISE(ABORT, 'written down for good'); END;
CREATE TRIGGER deeds_stay_for_good BEFORE DELETE ON deed BEGIN SELECT RAISE(ABORT, 'written down for good'); END;

ALTER TABLE room ADD COLUMN language TEXT NOT NULL DEFAULT '';

-- Some news belongs to no walkout (''), some parcels go to an address of their own, and each can be verified.
CREATE TABLE new_announcement (
    walkout TEXT NOT NULL,
    scope INTEGER NOT NULL,
    kind TEXT NOT NULL,
    about INTEGER NOT NULL,
    occasion TEXT NOT NULL,
    facts TEXT NOT NULL,
    PRIMARY KEY (walkout, scope, kind, about, occasion)
) STRICT, WITHOUT ROWID;
INSERT INTO new_announcement SELECT walkout, scope, kind, about, occasion, facts FROM announcement;

CREATE TABLE new_parcel (
    id INTEGER PRIMARY KEY,
    walkout TEXT NOT NULL,
    scope INTEGER NOT NULL,
    kind TEXT NOT NULL,
    about INTEGER NOT NULL,
    occasion TEXT NOT NULL,
    platform TEXT NOT NULL,
    room TEXT NOT NULL,  -- '' when it goes to a person
    member BLOB NOT NULL,  -- x'' when it does not go to a member
    address BLOB NOT NULL,  -- sealed; x'' when it goes to a room or a member
    state TEXT NOT NULL DEFAULT 'waiting',
    not_before INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    nonce TEXT NOT NULL DEFAULT '',
    UNIQUE (walkout, scope, kind, about, occasion, platform, room, member, address),
    FOREIGN KEY (walkout, scope, kind, about, occasion) REFERENCES new_announcement
) STRICT;
INSERT INTO new_parcel SELECT id, walkout, scope, kind, about, occasion, platform, room, organizer, x'', state,
    not_before, attempts, nonce FROM parcel;
DROP TABLE parcel;
DROP TABLE announcement;
ALTER TABLE new_announcement RENAME TO announcement;
ALTER TABLE new_parcel RENAME TO parcel;
CREATE INDEX parcel_to_send ON parcel (state, not_before) WHERE state IN ('waiting', 'claimed');

-- A card that is gone leaves the counts right.
CREATE TRIGGER card_removed AFTER DELETE ON card BEGIN
    UPDATE workplace SET standing = standing - (old.state = 'p'), minted = minted - 1
    WHERE walkout = old.walkout AND id = old.workplace;
END;
