-- One-time codes that make organizers; only their hashes, and only until they are used or too old.

CREATE TABLE organizer_code (
    hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
