-- The drift diary: what the vendors' messages look like. Keys and kinds, never a value.

CREATE TABLE drift (
  source TEXT NOT NULL,
  vendor_type TEXT NOT NULL,    -- the vendor's word for it; empty when a message was not recognised, * for what is no name
  messages INTEGER NOT NULL,    -- how many were looked at
  first_seen INTEGER NOT NULL,  -- when the first of them came, in epoch milliseconds
  last_seen INTEGER NOT NULL,   -- when the last of them came
  keys TEXT NOT NULL,           -- what is known of each path, as JSON [[path, key], …] (core/drift.ts)
  PRIMARY KEY (source, vendor_type)
) STRICT, WITHOUT ROWID;

-- How far the log has been read for it. One row.
CREATE TABLE drift_read (
  event INTEGER NOT NULL        -- key of the last event that was looked at
) STRICT;

-- What is in the log already is looked at too.
INSERT INTO drift_read (event) VALUES (0);
