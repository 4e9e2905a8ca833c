-- What a format says in headers (CloudEvents in binary mode), kept with the body so that retries say the same: JSON by name,
-- null for formats that say all in the body.
ALTER TABLE deliveries ADD COLUMN headers TEXT;
