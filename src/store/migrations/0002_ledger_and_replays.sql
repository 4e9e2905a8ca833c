-- The ledger's roll-ups, replays by filter, and leases on late deliveries.

-- The hours in which something happened. An hour that changes is counted again (store/ledger.ts).
CREATE TABLE hours (
  hour INTEGER PRIMARY KEY,     -- hours since 1970
  counted INTEGER NOT NULL      -- 1 when its counts in `ledger` are those of the log
) STRICT;

CREATE INDEX hours_uncounted ON hours (hour) WHERE counted = 0;

-- How many of an hour's events and deliveries are in which state.
CREATE TABLE ledger (
  hour INTEGER NOT NULL,
  kind TEXT NOT NULL,           -- source or target
  name TEXT NOT NULL,
  state TEXT NOT NULL,          -- a status of events, or a state of deliveries
  count INTEGER NOT NULL,
  planned INTEGER NOT NULL,     -- how many deliveries these events promise; 0 for a target
  PRIMARY KEY (hour, kind, name, state)
) STRICT, WITHOUT ROWID;

-- What is in the log already is counted too.
INSERT INTO hours (hour, counted) SELECT DISTINCT (key >> 21) / 3600000, 0 FROM events;

-- Deliveries that an operator asked for once more, by a filter (store/replays.ts).
CREATE TABLE replays (
  key INTEGER PRIMARY KEY,      -- rpl_… as a number, like an event's
  filter TEXT NOT NULL,         -- JSON
  state TEXT NOT NULL,          -- running, done, stopped
  per_second REAL NOT NULL,     -- how many deliveries are due in a second, at most
  next_due INTEGER NOT NULL,    -- when the next one may be due, in epoch milliseconds
  total INTEGER NOT NULL,       -- how many matched when it was asked for
  replayed INTEGER NOT NULL,    -- how many have been set going
  event INTEGER NOT NULL,       -- the delivery that was looked at last: its event,
  target TEXT NOT NULL,         -- and its target
  last INTEGER NOT NULL,        -- the first event that is no longer looked at
  ended INTEGER                 -- when it was done or stopped, in epoch milliseconds
) STRICT;

CREATE INDEX replays_running ON replays (key) WHERE state = 'running';

ALTER TABLE deliveries ADD COLUMN replayed INTEGER NOT NULL DEFAULT 0; -- 1 when an operator asked for it once more
ALTER TABLE deliveries ADD COLUMN lease_holder TEXT;                   -- the late message that may handle it
ALTER TABLE deliveries ADD COLUMN lease_until INTEGER;                 -- and until when, in epoch milliseconds
