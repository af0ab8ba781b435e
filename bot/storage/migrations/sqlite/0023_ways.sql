-- A platform may have several bots: what was called by its platform is from now on called by platform and bot.
CREATE TABLE way (
    way TEXT PRIMARY KEY,  -- as 'telegram:123456'
    bot TEXT NOT NULL  -- what its platform calls it
) STRICT, WITHOUT ROWID;
