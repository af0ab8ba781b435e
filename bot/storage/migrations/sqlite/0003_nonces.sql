-- By its nonce a platform knows a parcel that is sent again. Made when it is first claimed, in the same commit.

ALTER TABLE parcel ADD COLUMN nonce TEXT NOT NULL DEFAULT '';
