-- The log. An event's key is a number that sorts by time (core/id.ts): ranges by time need no index.
-- Every index entry is a row on the bill, so the indexes are partial: they hold only what is looked for.

CREATE TABLE events (
  key INTEGER PRIMARY KEY,      -- evt_… as a number
  source TEXT NOT NULL,         -- name of the source that sent it
  vendor TEXT NOT NULL,
  status TEXT NOT NULL,         -- accepted, quarantined, duplicate
  type TEXT NOT NULL,           -- our type
  vendor_type TEXT,             -- the vendor's own word for it
  contact TEXT,                 -- the vendor's id of the contact, or email: and the address
  planned INTEGER NOT NULL,     -- how many deliveries it has, 0 when no target wants it
  hops INTEGER NOT NULL,        -- how often it came through a relay before
  dedup_key TEXT NOT NULL,      -- what the message says, as a hash (core/dedupe.ts)
  dedup_stamp TEXT,             -- what tells it from others that say the same, where the vendor gives that
  rung TEXT,                    -- how an earlier event was matched: identity, content, or twin (marked, not dropped)
  matched INTEGER,              -- key of that earlier event
  encoding TEXT NOT NULL,       -- how raw holds the bytes: utf8 or base64
  headers TEXT NOT NULL,        -- the headers that matter, as JSON
  issues TEXT,                  -- why it is quarantined, as JSON [{path, message}]
  -- The large columns stand last, so that lists and counts do not read through them.
  event TEXT,                   -- the normalized event as JSON, null when it was not understood
  raw TEXT                      -- the message exactly as it came, null when its retention is over
) STRICT;

-- Finds earlier events that say the same.
CREATE INDEX events_dedup ON events (dedup_key, dedup_stamp) WHERE status <> 'duplicate';

-- A contact's history, in the order of its arrival.
CREATE INDEX events_contact ON events (source, contact) WHERE status = 'accepted' AND contact IS NOT NULL;

-- What waits for somebody to look at it.
CREATE INDEX events_quarantined ON events (key) WHERE status = 'quarantined';

CREATE TABLE deliveries (
  event INTEGER NOT NULL,       -- events.key
  target TEXT NOT NULL,         -- name of the target
  state TEXT NOT NULL,          -- pending, retrying, held, delivered, dead, cancelled
  reason TEXT,                  -- why it is held, dead or cancelled, 'rate' when due is its turn, 'broken' when it was, 'replay'
  attempt INTEGER NOT NULL,     -- number of the next attempt: one more than were made
  first INTEGER NOT NULL DEFAULT 1, -- number of the attempt at which the schedule began: another one after a replay
  due INTEGER,                  -- when the next attempt is due, in epoch milliseconds, null when none is
  attempts TEXT NOT NULL,       -- the attempts so far, as JSON (core/delivery.ts)
  body TEXT,                    -- what the first attempt said, kept when it failed so that retries say the same
  content_type TEXT,            -- of that body
  PRIMARY KEY (event, target)
) STRICT, WITHOUT ROWID;

-- What the sweep looks for. Costs nothing when a delivery leaves it.
CREATE INDEX deliveries_due ON deliveries (due) WHERE state IN ('pending', 'retrying');

-- What is held for a target, and why.
CREATE INDEX deliveries_held ON deliveries (target, reason) WHERE state = 'held';

-- What run time has taught us of a target; configuration is not in D1. No row: nothing bad is known.
CREATE TABLE targets (
  name TEXT PRIMARY KEY,
  state TEXT NOT NULL,          -- active, open, paused, failing, gone (core/breaker.ts)
  failures INTEGER NOT NULL,    -- failed attempts since the last success
  failing_since INTEGER,        -- when the first of them failed, in epoch milliseconds
  rest_seconds INTEGER NOT NULL,-- how long the last rest was
  probe_at INTEGER,             -- when the rest is over, in epoch milliseconds
  next_slot INTEGER             -- the next free time of a target with a rate, in epoch milliseconds
) STRICT, WITHOUT ROWID;
