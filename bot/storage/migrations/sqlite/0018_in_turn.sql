-- Finds what waits for a room before a parcel: it is looked for whenever one is taken, and so for each.
CREATE INDEX parcel_of_room ON parcel (platform, room, id) WHERE state = 'waiting' AND room <> '';
