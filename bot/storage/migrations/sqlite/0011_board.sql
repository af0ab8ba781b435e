-- "Has reached" says since which tally and may stand when it is no longer so; the city's coarse line counts each line
-- as it was when that last moved.
ALTER TABLE workplace ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE workplace ADD COLUMN above INTEGER NOT NULL DEFAULT 0;
ALTER TABLE workplace ADD COLUMN turnout_since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE workplace ADD COLUMN turnout_above INTEGER NOT NULL DEFAULT 0;

-- until now it was shown only while it was so: the last tally saw it
UPDATE workplace SET
    since = reached * (SELECT tally FROM walkout WHERE walkout.id = workplace.walkout),
    turnout_since = turnout_reached * (SELECT tally FROM walkout WHERE walkout.id = workplace.walkout);
