-- What is kept of a contact's packed events, so that the meaning and the order of its next ones need no pack. It goes with the
-- number of the contact, which is given to another one later.

CREATE TABLE packed_facts (
  contact INTEGER PRIMARY KEY REFERENCES packed_contacts (number) ON DELETE CASCADE,
  revision INTEGER NOT NULL,    -- how often it was written: who writes it has read the one before
  first INTEGER NOT NULL,       -- the lowest key in it: what goes with the retention of that event
  facts TEXT NOT NULL,          -- its latest events of each kind, trimmed (core/events/facts/fact-text.ts)
  delivered TEXT NOT NULL,      -- by target, as JSON {target: [key of the last delivered or null, keys of dead ones after it]}
  addressed INTEGER,            -- when its latest event with an address happened, by the vendor's time, in epoch milliseconds
  addressed_received INTEGER    -- the same of events that have only the time of receipt
) STRICT;
