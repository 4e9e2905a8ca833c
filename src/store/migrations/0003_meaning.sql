-- What the log knows of a contact, and who is who across sources.

-- When an event happened, in epoch milliseconds: the vendor's time, else that of its receipt.
ALTER TABLE events ADD COLUMN at INTEGER;
UPDATE events SET at = CAST(strftime('%s', event ->> '$.time') AS INTEGER) * 1000 WHERE event IS NOT NULL;

-- A contact's history by kind, the first word of a type, and time: what an event means is told by those around it.
DROP INDEX events_contact;
CREATE INDEX events_contact ON events (source, contact, substr(type, 1, instr(type, '.') - 1), at)
  WHERE status IN ('accepted', 'derived') AND contact IS NOT NULL;

-- The contacts of every source, and the person behind each. A known contact whose identities do not change costs no row.
CREATE TABLE contacts (
  source TEXT NOT NULL,
  contact TEXT NOT NULL,        -- as events.contact
  vendor TEXT NOT NULL,
  person INTEGER NOT NULL,      -- per_… as a number: the key of the event that first told of the person
  email TEXT,                   -- the address last known, in lower case
  sites TEXT NOT NULL,          -- the vendor's sites where the contact was seen, as a JSON list
  apart INTEGER NOT NULL DEFAULT 0, -- 1 when an operator split it off: nobody is joined to it by its address
  PRIMARY KEY (source, contact)
) STRICT, WITHOUT ROWID;

CREATE INDEX contacts_email ON contacts (email) WHERE email IS NOT NULL;
CREATE INDEX contacts_person ON contacts (person);

-- Held before for a `where` that failed: asked again when it is due.
UPDATE deliveries SET reason = 'broken' WHERE state = 'held' AND reason = 'where';

-- Who is in the log already.
INSERT INTO contacts (source, contact, vendor, person, email, sites)
SELECT source, contact, max(vendor), min(key), max(event ->> '$.data.contact.email_normalized'),
  json_group_array(DISTINCT event ->> '$.data.site.vendor_id') FILTER (WHERE event ->> '$.data.site.vendor_id' IS NOT NULL)
FROM events WHERE status = 'accepted' AND contact IS NOT NULL GROUP BY source, contact;

-- Where a person is found that was merged into another.
CREATE TABLE merged_people (
  person INTEGER PRIMARY KEY,
  merged_into INTEGER NOT NULL
) STRICT;

-- What it takes to normalize a message again, and what an operator said of one that is quarantined.
ALTER TABLE events ADD COLUMN event_name TEXT; -- the type that the ingest URL named
ALTER TABLE events ADD COLUMN dismissed TEXT;  -- why a quarantined message is to stay where it is

DROP INDEX events_quarantined;
CREATE INDEX events_quarantined ON events (key) WHERE status = 'quarantined' AND dismissed IS NULL;
