-- Bodies over 16 KB, compressed and apart from their rows: then events.raw is null, and long strings of events.event and
-- deliveries.body refer to the body (core/intake/references.ts).

CREATE TABLE bodies (
  owner INTEGER PRIMARY KEY,    -- events.key
  size INTEGER NOT NULL,        -- bytes, before they were compressed
  object TEXT,                  -- name of the R2 object that has the bytes, null when they are here
  packed BLOB                   -- the exact bytes as gzip, null when they are in R2
) STRICT;

-- Deliveries that wait for a body that cannot be read. Costs a row only for those.
CREATE INDEX deliveries_unreadable ON deliveries (event) WHERE substr(reason, 1, 28) = 'its bytes cannot be read now';

-- Where the daily search for objects without an event goes on, null when it has ended. It starts again with pruned.day.
ALTER TABLE pruned ADD COLUMN objects TEXT;
