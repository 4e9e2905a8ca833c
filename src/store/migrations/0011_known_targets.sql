-- Configuration is not in D1, but what was configured last is: a configuration that cannot be read removes nothing.

-- The targets that were configured last, and since when nobody has had one of them. Written on change only.
CREATE TABLE known_targets (
  name TEXT PRIMARY KEY,
  events TEXT NOT NULL,         -- the patterns of its event types, as JSON
  sources TEXT,                 -- the names of its sources, as JSON, null for all
  changed INTEGER NOT NULL,     -- when the two were last written, in epoch milliseconds
  unknown_since INTEGER,        -- since when it has not been configured, null while it is
  ended INTEGER                 -- when its deliveries began to be cancelled, null until then
) STRICT, WITHOUT ROWID;

-- The retention that is obeyed, and a shorter one that must stand for a day first.
ALTER TABLE pruned ADD COLUMN kept_days INTEGER;
ALTER TABLE pruned ADD COLUMN kept_raw_days INTEGER;
ALTER TABLE pruned ADD COLUMN next_days INTEGER;
ALTER TABLE pruned ADD COLUMN next_raw_days INTEGER;
ALTER TABLE pruned ADD COLUMN next_since INTEGER;              -- since when it has been configured, in epoch milliseconds
