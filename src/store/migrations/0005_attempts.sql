-- Statistics: when events came, how attempts fared and how long they took, by hour and in all.

-- Counted with the ledger's hours and from the same log, so an event costs nothing more (store/statistics.ts).
CREATE TABLE statistics (
  kind TEXT NOT NULL,           -- received, test (a test event), attempt, latency (from accept to the first success)
  made INTEGER NOT NULL,        -- the hour in which it came or was made, since 1970
  hour INTEGER NOT NULL,        -- the hour of its event, with which it is counted again
  name TEXT NOT NULL,           -- of the source, or of the target
  outcome TEXT NOT NULL,        -- of an event when it came, or of an attempt (core/statistics.ts)
  bucket INTEGER NOT NULL,      -- how long it took: the number of the bucket (core/histogram.ts), 0 for an event
  count INTEGER NOT NULL,
  ms INTEGER NOT NULL,          -- how long all of them took together
  last INTEGER NOT NULL,        -- when the last of them came or ended, in epoch milliseconds
  status INTEGER,               -- what the last attempt was answered with
  PRIMARY KEY (kind, made, hour, name, outcome, bucket)
) STRICT, WITHOUT ROWID;

CREATE INDEX statistics_hour ON statistics (hour);

-- The sums of `ledger` and `statistics` over all counted hours, moved on with each hour that is counted.
CREATE TABLE totals (
  kind TEXT NOT NULL,           -- as in statistics; event and delivery as in the ledger
  name TEXT NOT NULL,
  outcome TEXT NOT NULL,        -- for an event or a delivery its present status or state
  bucket INTEGER NOT NULL,
  count INTEGER NOT NULL,
  ms INTEGER NOT NULL,
  last INTEGER NOT NULL,
  status INTEGER,
  PRIMARY KEY (kind, name, outcome, bucket)
) STRICT, WITHOUT ROWID;

-- What is in the log already is counted too. Nothing is in the sums yet, so nothing is to be taken out of them.
DELETE FROM ledger;
UPDATE hours SET counted = 0;

-- What API, metrics and console show, as the last minute saw it. One row (core/snapshot.ts).
CREATE TABLE snapshot (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  as_of INTEGER NOT NULL,       -- in epoch milliseconds
  content TEXT NOT NULL         -- JSON
) STRICT;
