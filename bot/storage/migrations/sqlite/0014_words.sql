-- Where a workplace's people meet, in other languages than the one its organizers write in: JSON, by language.
ALTER TABLE workplace ADD COLUMN meets TEXT NOT NULL DEFAULT '{}';
