-- A unit can have organizers of its own, and leave before it is on; whoever organizes a unit is its steward as well.
ALTER TABLE steward ADD COLUMN organizes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE unit ADD COLUMN has_left INTEGER NOT NULL DEFAULT 0;
