-- What the relay knows of itself: its last cron run and its size, requests refused at the door, and open issues.

-- One row, there from the start: to update it takes no new page of a full database.
CREATE TABLE relay_state (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  cron_at INTEGER NOT NULL,     -- when a run of the cron last ended, in epoch milliseconds
  bytes INTEGER NOT NULL,       -- how large the database was then
  short_of_space INTEGER NOT NULL, -- 1 while received bytes are deleted before the end of their retention
  sizes TEXT NOT NULL           -- the size of each of the last days, as JSON [[day since 1970, bytes], ...]
) STRICT;

INSERT INTO relay_state (id, cron_at, bytes, short_of_space, sizes) VALUES (1, unixepoch() * 1000, 0, 0, '[]');

-- Requests refused by /in/, by hour. No row for a single one: an isolate adds what it counted, once a minute at most.
CREATE TABLE refusals (
  hour INTEGER NOT NULL,        -- hours since 1970
  source TEXT NOT NULL,         -- empty for a name that is not configured
  cause TEXT NOT NULL,          -- why (core/result.ts)
  count INTEGER NOT NULL,
  last INTEGER NOT NULL,        -- when the last of them came, in epoch milliseconds
  PRIMARY KEY (hour, source, cause)
) STRICT, WITHOUT ROWID;

-- What needs attention and was told to targets: a row is written when something opens or closes.
CREATE TABLE issues (
  cause TEXT NOT NULL,          -- core/operate/attention.ts
  name TEXT NOT NULL,           -- of the target or source that it is about, empty where there is none
  about TEXT NOT NULL,
  words TEXT NOT NULL,          -- as they were when it opened
  opened_at INTEGER NOT NULL,   -- epoch milliseconds
  told_at INTEGER NOT NULL,     -- when the last event about it was recorded
  is_open INTEGER NOT NULL,
  PRIMARY KEY (cause, name)
) STRICT, WITHOUT ROWID;
