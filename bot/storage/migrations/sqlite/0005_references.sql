-- By its reference anybody can ask whether an announcement was made. Only what goes to rooms has one.
ALTER TABLE announcement ADD COLUMN reference TEXT NOT NULL DEFAULT '';
ALTER TABLE announcement ADD COLUMN said INTEGER;  -- when the first room had heard it
CREATE UNIQUE INDEX announcement_by_reference ON announcement (reference) WHERE reference <> '';

-- What rooms really heard. These rows stay when a walkout is closed.
CREATE TABLE heard (
    reference TEXT NOT NULL,
    language TEXT NOT NULL,
    words TEXT NOT NULL,
    PRIMARY KEY (reference, language)
) STRICT, WITHOUT ROWID;
