-- Workplaces become units of a tree: areas above them, departments below; a list of workplaces is a tree of one level.
-- Areas and departments may have no number of their own, so the table is made anew.
CREATE TABLE unit (
    walkout TEXT NOT NULL REFERENCES walkout,
    id INTEGER NOT NULL,
    parent INTEGER CHECK (parent < id),  -- NULL: the whole walkout, which has no row
    tier TEXT NOT NULL DEFAULT 'workplace' CHECK (tier IN ('area', 'workplace', 'department')),
    name TEXT NOT NULL,
    headcount INTEGER NOT NULL CHECK (headcount > 0),
    threshold INTEGER NOT NULL CHECK (threshold BETWEEN 5 AND headcount OR (threshold = 0 AND tier <> 'workplace')),
    minimum INTEGER NOT NULL DEFAULT 0 CHECK (minimum >= 0),  -- of its children, so many must be ready
    meet TEXT NOT NULL,
    meets TEXT NOT NULL DEFAULT '{}',
    issued INTEGER NOT NULL DEFAULT 0,
    reached INTEGER NOT NULL DEFAULT 0,
    since INTEGER NOT NULL DEFAULT 0,
    number INTEGER NOT NULL DEFAULT 0,
    anchor INTEGER NOT NULL DEFAULT 0,
    above INTEGER NOT NULL DEFAULT 0,
    is_out INTEGER NOT NULL DEFAULT 0,
    told_ready INTEGER NOT NULL DEFAULT 0,
    turnout_reached INTEGER NOT NULL DEFAULT 0,
    turnout_since INTEGER NOT NULL DEFAULT 0,
    turnout_number INTEGER NOT NULL DEFAULT 0,
    turnout_anchor INTEGER NOT NULL DEFAULT 0,
    turnout_above INTEGER NOT NULL DEFAULT 0,
    drawn INTEGER,  -- cards drawn, as its steward says; NULL: nobody has said
    told_drawn INTEGER NOT NULL DEFAULT 0,
    told_people INTEGER NOT NULL DEFAULT 0,
    voided INTEGER,  -- when its cards were voided or recalled last
    PRIMARY KEY (walkout, id),
    FOREIGN KEY (walkout, parent) REFERENCES unit
) STRICT, WITHOUT ROWID;

INSERT INTO unit (walkout, id, name, headcount, threshold, meet, meets, issued, reached, since, number, anchor, above,
        is_out, told_ready, turnout_reached, turnout_since, turnout_number, turnout_anchor, turnout_above, drawn,
        told_drawn, told_people, voided)
    SELECT walkout, id, name, headcount, threshold, meet, meets, issued, reached, since, number, anchor, above,
        is_out, told_ready, turnout_reached, turnout_since, turnout_number, turnout_anchor, turnout_above, drawn,
        told_drawn, told_people, voided
    FROM workplace;

-- Cards, pledges, counts and stewards keep their rows and refer to what bears the name. (Foreign keys are not looked
-- after while the file is brought to this version: each row gone would have all cards read.)
DROP TRIGGER workplace_added;
DROP VIEW change;
DROP TABLE workplace;
ALTER TABLE unit RENAME TO workplace;
ALTER TABLE workplace RENAME TO unit;
ALTER TABLE card RENAME COLUMN workplace TO unit;
ALTER TABLE pledge RENAME COLUMN workplace TO unit;
ALTER TABLE steward RENAME COLUMN workplace TO unit;
ALTER TABLE role_card RENAME COLUMN workplace TO unit;

-- Cards are at the leaves: departments, and workplaces that have none. A list of workplaces has no row in the index.
CREATE INDEX department_of ON unit (walkout, parent) WHERE tier = 'department';

CREATE VIEW leaf AS
    SELECT walkout, id FROM unit WHERE tier <> 'area' AND NOT EXISTS (
        SELECT 1 FROM unit AS department INDEXED BY department_of  -- SQLite would look through a whole walkout
        WHERE department.walkout = unit.walkout AND department.parent = unit.id AND department.tier = 'department'
    );

-- Every unit has counts, so that all are read the same way, and what is counted where no cards belong is found.
CREATE TRIGGER unit_added AFTER INSERT ON unit BEGIN
    INSERT INTO counted (walkout, id) VALUES (new.walkout, new.id);
END;

CREATE VIEW change AS
    SELECT card.key AS card, owner, pledge.key AS pledge, card.walkout, card.unit, state, 0 AS makes
    FROM card, pledge WHERE 0;

CREATE TRIGGER change_written INSTEAD OF INSERT ON change WHEN NOT new.makes BEGIN
    UPDATE pledge SET state = new.state WHERE key = new.pledge;
    UPDATE card SET owner = new.owner WHERE key = new.card AND owner <> new.owner;
END;

CREATE TRIGGER change_made INSTEAD OF INSERT ON change WHEN new.makes BEGIN
    INSERT INTO pledge (key, walkout, unit, state) VALUES (new.pledge, new.walkout, new.unit, new.state)
        ON CONFLICT (key) DO UPDATE SET state = excluded.state, unit = excluded.unit;
    INSERT INTO card (key, walkout, unit, owner) VALUES (new.card, new.walkout, new.unit, new.owner)
        ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, unit = excluded.unit;
END;
