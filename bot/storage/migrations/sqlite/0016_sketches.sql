-- A walkout that an organizer puts together by answering questions, until it is a draft. Sealed, for a week.
CREATE TABLE sketch (
    organizer BLOB PRIMARY KEY REFERENCES organizer ON DELETE CASCADE,
    number INTEGER NOT NULL,
    content BLOB NOT NULL,
    list BLOB NOT NULL,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
