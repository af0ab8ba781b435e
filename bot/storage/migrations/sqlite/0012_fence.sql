-- Which values are ours in the places that tell two bots with one token apart; see bot/domain/fence.py.
CREATE TABLE epoch (
    place TEXT PRIMARY KEY,  -- the platform, and the bot's own number there
    seen TEXT NOT NULL,
    next TEXT NOT NULL
) STRICT, WITHOUT ROWID;
