-- An organizer suspends another for a day, which stops both. Kept until the suspender may suspend somebody again.
CREATE TABLE suspension (
    id TEXT PRIMARY KEY,
    suspender BLOB NOT NULL UNIQUE REFERENCES organizer,
    suspended BLOB NOT NULL REFERENCES organizer,
    until INTEGER NOT NULL,
    again INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
