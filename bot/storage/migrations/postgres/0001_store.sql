-- The same tables as in SQLite, but for what is pledged between two tallies: see recent_card.
-- No enum types and no booleans: both databases are given and give the same values.

CREATE TABLE store (
    id TEXT NOT NULL,  -- the key file names the store it belongs to
    untidy INTEGER NOT NULL DEFAULT 0,
    scattered INTEGER NOT NULL DEFAULT 0,  -- 1: notices, wishes or ballots lie in the order in which they came
    elsewhere TEXT NOT NULL DEFAULT ''  -- where the store is that counts; '' if it is this one
);

-- Each process leaves here, in each transaction, by what it knows it again if the end of its commit was not heard.
CREATE TABLE mark (
    process TEXT PRIMARY KEY,
    mark BYTEA NOT NULL,
    asked BIGINT NOT NULL DEFAULT 0
);

-- What SQLite has built in: a JSON array's items, and bytes in hexadecimal digits.
CREATE FUNCTION json_each(list TEXT) RETURNS TABLE (key BIGINT, value JSONB) LANGUAGE sql IMMUTABLE AS $$
    SELECT nth - 1, item FROM jsonb_array_elements(list::jsonb) WITH ORDINALITY AS items (item, nth)
$$;
CREATE FUNCTION hex(bytes BYTEA) RETURNS TEXT LANGUAGE sql IMMUTABLE AS $$ SELECT upper(encode(bytes, 'hex')) $$;

CREATE TABLE walkout (
    id TEXT PRIMARY KEY,
    stage TEXT NOT NULL,
    terms JSON NOT NULL,  -- as it was written, frozen once open
    starts BIGINT NOT NULL,
    pledge_by BIGINT NOT NULL,
    opened BIGINT,
    tally BIGINT NOT NULL,
    tallied BIGINT,
    next_tally BIGINT,
    streak BIGINT NOT NULL,
    milestone BIGINT NOT NULL,
    reminded BIGINT,
    ended BIGINT,
    campaign TEXT,
    after TEXT,
    cards_gone INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE unit (
    walkout TEXT NOT NULL REFERENCES walkout,
    id BIGINT NOT NULL,
    parent BIGINT CHECK (parent < id),  -- NULL: the whole walkout, which has no row
    tier TEXT NOT NULL DEFAULT 'workplace' CHECK (tier IN ('area', 'workplace', 'department')),
    name TEXT NOT NULL,
    headcount BIGINT NOT NULL CHECK (headcount > 0),
    threshold BIGINT NOT NULL CHECK (threshold BETWEEN 5 AND headcount OR (threshold = 0 AND tier <> 'workplace')),
    minimum BIGINT NOT NULL DEFAULT 0 CHECK (minimum >= 0),  -- of its children, so many must be ready
    meet TEXT NOT NULL,
    meets TEXT NOT NULL DEFAULT '{}',
    issued BIGINT NOT NULL DEFAULT 0,
    reached BIGINT NOT NULL DEFAULT 0,
    since BIGINT NOT NULL DEFAULT 0,
    number BIGINT NOT NULL DEFAULT 0,
    anchor BIGINT NOT NULL DEFAULT 0,
    above BIGINT NOT NULL DEFAULT 0,
    is_out BIGINT NOT NULL DEFAULT 0,
    told_ready BIGINT NOT NULL DEFAULT 0,
    turnout_reached BIGINT NOT NULL DEFAULT 0,
    turnout_since BIGINT NOT NULL DEFAULT 0,
    turnout_number BIGINT NOT NULL DEFAULT 0,
    turnout_anchor BIGINT NOT NULL DEFAULT 0,
    turnout_above BIGINT NOT NULL DEFAULT 0,
    drawn BIGINT,  -- cards drawn, as its steward says; NULL: nobody has said
    told_drawn BIGINT NOT NULL DEFAULT 0,
    told_people BIGINT NOT NULL DEFAULT 0,
    voided BIGINT,  -- when its cards were voided or recalled last
    has_left BIGINT NOT NULL DEFAULT 0,
    took_part BIGINT,
    PRIMARY KEY (walkout, id),
    FOREIGN KEY (walkout, parent) REFERENCES unit DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX department_of ON unit (walkout, parent) WHERE tier = 'department';
CREATE INDEX part_of ON unit (walkout, parent);

CREATE VIEW leaf AS
    SELECT walkout, id FROM unit WHERE tier <> 'area' AND NOT EXISTS (
        SELECT 1 FROM unit AS department
        WHERE department.walkout = unit.walkout AND department.parent = unit.id AND department.tier = 'department'
    );

-- Cards and pledges as of the last tally, in the order of their keys. Nothing is written here between two tallies but
-- new cards: where a row lies, and by which transaction it was written, tells nothing but at which tally it changed.
CREATE TABLE kept_card (
    key BYTEA PRIMARY KEY CHECK (length(key) = 32),
    campaign TEXT NOT NULL,
    unit BIGINT NOT NULL,  -- lasts as long as the campaign; a step may open without it
    stale INTEGER NOT NULL DEFAULT 0 CHECK (stale IN (0, 1, 2)),  -- 1: voided, 2: recalled
    owner BYTEA NOT NULL CHECK (length(owner) = 32)  -- looks the same before anybody has pledged and after
);
CREATE TABLE kept_pledge (
    key BYTEA PRIMARY KEY CHECK (length(key) = 32),
    walkout TEXT NOT NULL,
    unit BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('m', 'p', 'w', 'o', 'r'))  -- blank, pledged, withdrawn, and out, recalled
) WITH (fillfactor = 90);

-- What has changed since the last tally stands here as well, whole rows, and goes before what is kept. At a tally it is
-- folded into what is kept, and these tables are truncated: their files are gone then, and with them all order.
-- `version` finds out whether another process has changed the same row since it was read. PostgreSQL is not to look at
-- these tables in its own time: a plan made when it has just found one empty, which is kept, would read it from end to
-- end for each card when it has grown; and pg_stats would list what is in it.
CREATE TABLE recent_card (
    key BYTEA PRIMARY KEY,
    campaign TEXT NOT NULL,
    unit BIGINT NOT NULL,
    stale INTEGER NOT NULL,
    owner BYTEA NOT NULL CHECK (length(owner) = 32),
    version BIGINT NOT NULL
) WITH (fillfactor = 70, autovacuum_enabled = off);
CREATE TABLE recent_pledge (
    key BYTEA PRIMARY KEY,
    walkout TEXT NOT NULL,
    unit BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('m', 'p', 'w', 'o', 'r')),
    version BIGINT NOT NULL
) WITH (fillfactor = 70, autovacuum_enabled = off);
CREATE VIEW card AS
    SELECT key, campaign, unit, stale, owner FROM recent_card
    UNION ALL SELECT key, campaign, unit, stale, owner FROM kept_card
    WHERE NOT EXISTS (SELECT 1 FROM recent_card AS recent WHERE recent.key = kept_card.key);
CREATE VIEW pledge AS
    SELECT key, walkout, unit, state FROM recent_pledge
    UNION ALL SELECT key, walkout, unit, state FROM kept_pledge
    WHERE NOT EXISTS (SELECT 1 FROM recent_pledge AS recent WHERE recent.key = kept_pledge.key);

-- How many there are, as of the last tally; and by how much that has changed since. `slot`: processes that write at the
-- same time rarely wait for one another's row.
CREATE TABLE counted (
    walkout TEXT NOT NULL,
    id BIGINT NOT NULL,
    minted BIGINT NOT NULL DEFAULT 0,
    standing BIGINT NOT NULL DEFAULT 0 CHECK (standing BETWEEN 0 AND minted),
    turnout BIGINT NOT NULL DEFAULT 0 CHECK (turnout BETWEEN 0 AND standing),
    PRIMARY KEY (walkout, id),
    FOREIGN KEY (walkout, id) REFERENCES unit ON DELETE CASCADE
) WITH (fillfactor = 70);
CREATE TABLE recent_count (
    walkout TEXT NOT NULL,
    id BIGINT NOT NULL,
    slot BIGINT NOT NULL,
    minted BIGINT NOT NULL,
    standing BIGINT NOT NULL,
    turnout BIGINT NOT NULL,
    PRIMARY KEY (walkout, id, slot)
) WITH (fillfactor = 50, autovacuum_enabled = off);
CREATE VIEW counts AS
    SELECT counted.walkout, counted.id, counted.minted + coalesce(recent.minted, 0) AS minted,
        counted.standing + coalesce(recent.standing, 0) AS standing,
        counted.turnout + coalesce(recent.turnout, 0) AS turnout
    FROM counted LEFT JOIN LATERAL (
        SELECT sum(minted)::bigint AS minted, sum(standing)::bigint AS standing, sum(turnout)::bigint AS turnout
        FROM recent_count WHERE recent_count.walkout = counted.walkout AND recent_count.id = counted.id
    ) AS recent ON true;

CREATE FUNCTION count_unit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO counted (walkout, id) VALUES (new.walkout, new.id);
    RETURN NULL;
END $$;
CREATE TRIGGER unit_added AFTER INSERT ON unit FOR EACH ROW EXECUTE FUNCTION count_unit();

CREATE TABLE room (
    walkout TEXT NOT NULL REFERENCES walkout,
    scope BIGINT NOT NULL,  -- a unit; 0: citywide
    platform TEXT NOT NULL,
    address TEXT NOT NULL,
    language TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (walkout, scope, platform, address)
);

CREATE TABLE member (
    id BYTEA PRIMARY KEY,
    platform TEXT NOT NULL,
    address BYTEA NOT NULL,  -- sealed
    nickname BYTEA NOT NULL  -- sealed
);
CREATE TABLE organizer (
    id BYTEA PRIMARY KEY REFERENCES member DEFERRABLE
);
CREATE TABLE steward (
    walkout TEXT NOT NULL,
    unit BIGINT NOT NULL,
    id BYTEA NOT NULL REFERENCES member DEFERRABLE,
    organizes INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (walkout, unit, id),
    FOREIGN KEY (walkout, unit) REFERENCES unit
);
CREATE TABLE suspension (
    id TEXT PRIMARY KEY,
    suspender BYTEA NOT NULL UNIQUE REFERENCES organizer DEFERRABLE,
    suspended BYTEA NOT NULL REFERENCES organizer DEFERRABLE,
    until BIGINT NOT NULL,
    again BIGINT NOT NULL
);
CREATE TABLE sketch (
    organizer BYTEA PRIMARY KEY REFERENCES organizer ON DELETE CASCADE DEFERRABLE,
    number BIGINT NOT NULL,
    content BYTEA NOT NULL,  -- sealed
    list BYTEA NOT NULL,  -- sealed
    until BIGINT NOT NULL
);
CREATE TABLE organizer_code (
    hash BYTEA PRIMARY KEY CHECK (length(hash) = 32),
    until BIGINT NOT NULL
);
CREATE TABLE role_card (
    hash BYTEA PRIMARY KEY CHECK (length(hash) = 32),
    id TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    walkout TEXT NOT NULL,  -- '' for none
    unit BIGINT NOT NULL,  -- 0 for none
    nickname BYTEA NOT NULL,  -- sealed
    appointer BYTEA NOT NULL,
    until BIGINT NOT NULL,
    proposal TEXT NOT NULL,
    word TEXT NOT NULL,
    redeemer BYTEA NOT NULL,  -- empty until it is used
    platform TEXT NOT NULL,
    address BYTEA NOT NULL,  -- sealed
    settled INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE proposal (
    id TEXT PRIMARY KEY,
    matter TEXT NOT NULL,
    walkout TEXT NOT NULL,  -- '' for none
    content BYTEA NOT NULL,  -- sealed
    key BYTEA NOT NULL,
    about BYTEA NOT NULL,
    proposer BYTEA NOT NULL,
    until BIGINT NOT NULL,
    became TEXT NOT NULL
);
CREATE TABLE opinion (
    proposal TEXT NOT NULL REFERENCES proposal,
    organizer BYTEA NOT NULL,
    approves INTEGER NOT NULL,
    PRIMARY KEY (proposal, organizer)
);

CREATE TABLE deed (
    number BIGINT PRIMARY KEY,
    walkout TEXT NOT NULL,  -- '' for none
    tally BIGINT NOT NULL,
    deed TEXT NOT NULL,
    nickname BYTEA NOT NULL,  -- sealed
    detail BYTEA NOT NULL  -- sealed
);
CREATE FUNCTION stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'written down for good';
END $$;
CREATE TRIGGER deeds_stay BEFORE UPDATE OR DELETE ON deed FOR EACH ROW EXECUTE FUNCTION stay();

CREATE TABLE announcement (
    walkout TEXT NOT NULL,
    scope BIGINT NOT NULL,
    kind TEXT NOT NULL,
    about BIGINT NOT NULL,
    occasion TEXT NOT NULL,  -- the tally's number, or the reminder's due time
    facts TEXT NOT NULL,  -- JSON
    reference TEXT NOT NULL DEFAULT '',
    said BIGINT,
    PRIMARY KEY (walkout, scope, kind, about, occasion)
);
CREATE UNIQUE INDEX announcement_by_reference ON announcement (reference) WHERE reference <> '';
CREATE TABLE heard (
    reference TEXT NOT NULL,
    language TEXT NOT NULL,
    words TEXT NOT NULL,
    PRIMARY KEY (reference, language)
);
CREATE TABLE parcel (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    walkout TEXT NOT NULL,
    scope BIGINT NOT NULL,
    kind TEXT NOT NULL,
    about BIGINT NOT NULL,
    occasion TEXT NOT NULL,
    platform TEXT NOT NULL,
    room TEXT NOT NULL,  -- '' when it goes to a person
    member BYTEA NOT NULL,  -- empty when it does not go to a member
    address BYTEA NOT NULL,  -- sealed; empty when it goes to a room or a member
    state TEXT NOT NULL DEFAULT 'waiting',
    not_before BIGINT NOT NULL DEFAULT 0,
    attempts BIGINT NOT NULL DEFAULT 0,
    nonce TEXT NOT NULL DEFAULT '',
    notice INTEGER NOT NULL DEFAULT 0,
    UNIQUE (walkout, scope, kind, about, occasion, platform, room, member, address),
    FOREIGN KEY (walkout, scope, kind, about, occasion) REFERENCES announcement
);
CREATE INDEX parcel_to_send ON parcel (state, not_before) WHERE state IN ('waiting', 'claimed');
CREATE INDEX parcel_in_turn ON parcel (platform, notice, id) WHERE state = 'waiting';
CREATE INDEX parcel_of_room ON parcel (platform, room, id) WHERE state = 'waiting' AND room <> '';
CREATE INDEX parcel_under_way ON parcel (platform, room, member) WHERE state = 'claimed';

CREATE TABLE errand (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    platform TEXT NOT NULL,
    what BYTEA NOT NULL,  -- the message to be deleted, sealed
    due BIGINT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE epoch (
    place TEXT PRIMARY KEY,  -- the platform, and the bot's own number there
    seen TEXT NOT NULL,
    next TEXT NOT NULL
);

-- Written anew at a tally, in the order of their keys, if they have changed.
CREATE TABLE notice (
    locator BYTEA PRIMARY KEY CHECK (length(locator) = 32),
    walkout TEXT NOT NULL,
    platform TEXT NOT NULL,
    sealed BYTEA NOT NULL  -- to the walkout's public key
);
CREATE TABLE wish (
    locator BYTEA PRIMARY KEY CHECK (length(locator) = 32),
    campaign TEXT NOT NULL,
    platform TEXT NOT NULL,
    sealed BYTEA NOT NULL
);
CREATE TABLE ballot (
    locator BYTEA PRIMARY KEY CHECK (length(locator) = 32),
    walkout TEXT NOT NULL,
    choices TEXT NOT NULL CHECK (length(choices) = 6)  -- two hexadecimal digits for each question: a bit for an option
);
CREATE FUNCTION scatter() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE store SET scattered = 1 WHERE scattered = 0;
    RETURN NULL;
END $$;
CREATE TRIGGER notice_moved AFTER INSERT OR UPDATE OR DELETE ON notice FOR EACH ROW EXECUTE FUNCTION scatter();
CREATE TRIGGER wish_moved AFTER INSERT OR UPDATE OR DELETE ON wish FOR EACH ROW EXECUTE FUNCTION scatter();
CREATE TRIGGER ballot_moved AFTER INSERT OR UPDATE OR DELETE ON ballot FOR EACH ROW EXECUTE FUNCTION scatter();

-- Who of several processes does what is done once; by this server's clock.
CREATE TABLE lease (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    number BIGINT NOT NULL,  -- grows with each holder, and is never given anew: the row stays
    until TIMESTAMPTZ NOT NULL,
    -- of a way, as its holder said when it renewed the lease last
    since TIMESTAMPTZ,  -- it is this holder's
    renewed TIMESTAMPTZ,
    quiet_s DOUBLE PRECISION,  -- while a tally is late: for how long its platform had handed out nothing; NULL: it is not open
    is_foreign BOOLEAN NOT NULL DEFAULT false,  -- another bot has its token
    is_adopted BOOLEAN NOT NULL DEFAULT false  -- and whoever has the lease is asked to take it back
);

CREATE TABLE way (
    way TEXT PRIMARY KEY,  -- a platform, and a bot's own number there
    bot TEXT NOT NULL  -- what it is called there
);

-- ANALYZE copies values into pg_statistic, where they stay when the rows are gone: nothing keyed or sealed, no count, no
-- address. What is looked for by them is found by unique keys, whatever ANALYZE says.
DO $$ DECLARE sampled record; BEGIN
    FOR sampled IN
        SELECT attrelid::regclass AS of, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = current_schema()::text::regnamespace AND relkind = 'r' AND attnum > 0 AND (
            atttypid = 'bytea'::regtype OR attname = ANY (
                '{room,address,state,choices,minted,standing,turnout,anchor,turnout_anchor,drawn,took_part}'
            )
        )
    LOOP
        EXECUTE format('ALTER TABLE %s ALTER %I SET STATISTICS 0', sampled.of, sampled.attname);
    END LOOP;
END $$;
