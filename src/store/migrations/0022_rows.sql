-- An event costs two rows, and each of its deliveries two: the row, and the index of its contact or its final state.

-- A repeat is about the same contact: it is found in the contact's history, which has the content of each event for that. The key
-- comes before it, as a history is read in the order of both times: so no page sorts.
DROP INDEX events_contact;
CREATE INDEX events_contact ON events (source, contact, substr(type, 1, instr(type, '.') - 1), at, key, dedup_key, dedup_stamp)
  WHERE status IN ('accepted', 'derived') AND contact IS NOT NULL;

-- What is about no contact, as what is in quarantine, is found by its content.
DROP INDEX events_dedup;
CREATE INDEX events_dedup ON events (dedup_key, dedup_stamp) WHERE contact IS NULL AND status <> 'duplicate';

-- Deliveries that wait for their first attempt are in no index until the sweep has come past their event (store/deliveries/waiting.ts).
UPDATE deliveries SET swept = 0 WHERE state = 'pending' AND swept IS NULL;
DROP INDEX deliveries_due;
CREATE INDEX deliveries_waiting ON deliveries (due)
  WHERE state IN ('pending', 'retrying') AND (state = 'retrying' OR swept IS NOT NULL);

CREATE TABLE swept_to (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  event INTEGER NOT NULL        -- key: all deliveries of earlier events that wait are in deliveries_waiting
) STRICT;

INSERT INTO swept_to (id, event) SELECT 1, COALESCE(max(key), 0) FROM events;

-- What repeats of packed events are recognised by, for thirty days after their receipt (store/intake/packed-identities.ts).
CREATE TABLE packed_identities (
  period INTEGER NOT NULL,      -- ten days of receipt
  contact INTEGER NOT NULL,     -- packed_contacts.number, 0 for a message without a contact
  kind INTEGER NOT NULL,        -- as in packed_events, and 100 more for an inferred event
  at INTEGER NOT NULL,          -- as events.at, 0 without one
  key INTEGER NOT NULL,         -- evt_... as a number
  digest BLOB NOT NULL,         -- the first half of events.dedup_key
  stamp TEXT,                   -- events.dedup_stamp
  delivery TEXT,                -- the vendor's delivery id, null where that is the stamp or where there is none
  PRIMARY KEY (period, contact, kind, at, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX packed_identities_others ON packed_identities (digest) WHERE contact = 0;
