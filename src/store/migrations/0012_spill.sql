-- The oldest request of the spill queue that fails although D1 takes writes: one row, written when it changes and once an
-- hour while it is true, deleted when the request is recorded.

CREATE TABLE spill_stuck (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  key INTEGER NOT NULL,         -- of the first event of the request
  reason TEXT NOT NULL,         -- the error, without values of the message
  seen INTEGER NOT NULL         -- when it failed, epoch milliseconds, an hour late at most
);
