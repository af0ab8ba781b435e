-- Where the store is that counts; '' if it is this one.
ALTER TABLE store ADD COLUMN elsewhere TEXT NOT NULL DEFAULT '';
