-- Erasing people: what is erased and where, what was erased, and who is kept out.

-- An erasure of a person. Once it is done, no value of theirs is in it.
CREATE TABLE erasures (
  person INTEGER PRIMARY KEY,   -- per_… as a number
  asked_at INTEGER NOT NULL,    -- in epoch milliseconds
  cut INTEGER NOT NULL,         -- events of its contacts with a lower key are erased, whenever they are recorded
  step TEXT NOT NULL,           -- what is done next; 'done' when nothing is left (core/operate/erasure.ts)
  place TEXT,                   -- how far that step has come; null at its beginning
  contacts TEXT,                -- whose events are erased, as JSON [{source, contact, …}]; null when the erasure is done
  salt TEXT NOT NULL,           -- of the hashes of its values
  counts TEXT NOT NULL,         -- what was erased where, as JSON {place: number}
  done_at INTEGER,              -- in epoch milliseconds
  suppress INTEGER NOT NULL,    -- 1 while later messages of its contacts are kept out
  kept_out INTEGER NOT NULL DEFAULT 0, -- how many were
  kept_out_at INTEGER           -- when the last of them came, in epoch milliseconds
) STRICT;

CREATE INDEX erasures_open ON erasures (asked_at) WHERE step <> 'done';

-- What a receipt lists of the erased values.
CREATE TABLE erased_values (
  person INTEGER NOT NULL,
  hash TEXT NOT NULL,           -- by the salt of the erasure
  mark INTEGER NOT NULL,        -- a short hash that finds candidates quickly
  kind TEXT NOT NULL,           -- id, email, phone, name, …
  words INTEGER NOT NULL,       -- how many words it has
  source TEXT,                  -- of an id: the source that gave it
  PRIMARY KEY (person, hash)
) STRICT, WITHOUT ROWID;

-- By what a later message of an erased contact is recognised: no values, but hashes by the key in `erasing`.
CREATE TABLE erased_contacts (
  hash TEXT NOT NULL,
  person INTEGER NOT NULL,
  PRIMARY KEY (hash, person)
) STRICT, WITHOUT ROWID;

CREATE INDEX erased_contacts_person ON erased_contacts (person);

-- One row. `version` is another number after each change of `erased_contacts`: a write fails that knows an older one.
CREATE TABLE erasing (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  key TEXT NOT NULL,            -- of the hashes in `erased_contacts`, 32 random bytes
  version INTEGER NOT NULL      -- 0 until somebody is erased
) STRICT;

INSERT INTO erasing (id, key, version) VALUES (1, lower(hex(randomblob(32))), 0);

-- Erased events that can still be told from a vendor's repeat of them.
CREATE INDEX events_erased ON events (key) WHERE status IN ('erased', 'erased_derived') AND dedup_key <> '';
