-- Packs: the settled events of a segment as one compressed file (core/ledger/pack-line.ts, store/events/packs). An event with a
-- row in `events` is hot, whatever a pack has of it.

CREATE TABLE packs (
  start INTEGER PRIMARY KEY,    -- epoch milliseconds: that of its segment. Counts of its events are under start + 1
  until INTEGER NOT NULL,       -- the first millisecond after it
  version INTEGER NOT NULL,     -- names its bytes: those of another version are of no use
  place TEXT NOT NULL,          -- where its bytes are: d1 (pack_parts) or r2
  events INTEGER NOT NULL,      -- how many lines it has
  bytes INTEGER NOT NULL,       -- how large it is, compressed
  has_raw INTEGER NOT NULL,     -- 1 when a line has received bytes
  parts TEXT NOT NULL,          -- its bytes in pieces, as JSON [[bytes, SHA-256 in hex], ...]
  blocks TEXT NOT NULL,         -- its gzip members, as JSON [[id of the first event, offset, bytes], ...]
  states TEXT NOT NULL          -- how many deliveries are in which state, as JSON {state: count}
) STRICT;

-- What loses its received bytes when their retention is over.
CREATE INDEX packs_raw ON packs (start) WHERE has_raw = 1;

-- What cannot be read while no bucket is bound.
CREATE INDEX packs_in_r2 ON packs (start) WHERE place = 'r2';

-- The bytes of packs that are in D1.
CREATE TABLE pack_parts (
  start INTEGER NOT NULL,
  version INTEGER NOT NULL,
  part INTEGER NOT NULL,        -- from 0
  bytes BLOB NOT NULL,
  PRIMARY KEY (start, version, part)
) STRICT;

-- Versions whose bytes may be in a place although no pack has them: they are being written, or are to be deleted.
CREATE TABLE pack_garbage (
  start INTEGER NOT NULL,
  version INTEGER NOT NULL,
  place TEXT NOT NULL,
  since INTEGER NOT NULL,       -- epoch milliseconds
  PRIMARY KEY (start, version)
) STRICT, WITHOUT ROWID;

-- The contacts of packed events, by number: a row of packed_events takes a third of what their names would.
CREATE TABLE packed_contacts (
  number INTEGER PRIMARY KEY,
  source TEXT NOT NULL,
  contact TEXT NOT NULL,        -- as events.contact
  UNIQUE (source, contact)
) STRICT;

-- A contact's packed events, in the order of a history. No other row belongs to a packed event.
CREATE TABLE packed_events (
  contact INTEGER NOT NULL,     -- packed_contacts.number
  kind INTEGER NOT NULL,        -- the place of its kind in the vocabulary, -1 for a repeat (store/events/packs/kinds.ts)
  at INTEGER NOT NULL,          -- as events.at
  key INTEGER NOT NULL,         -- evt_... as a number
  PRIMARY KEY (contact, kind, at, key)
) STRICT, WITHOUT ROWID;

-- How far the log has been looked through for events to be packed. One row.
CREATE TABLE packing (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  position INTEGER NOT NULL,    -- the start of the last segment that was looked at
  day INTEGER NOT NULL          -- the day since 1970 on which what was left was looked at again
) STRICT;

INSERT INTO packing (id, position, day) VALUES (1, 0, 0);
