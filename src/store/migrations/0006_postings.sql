-- Postings: where in the log the events of each facet are, so that a list reads what it gives (store/postings.ts).

-- The events of an hour by facet, as JSON {facet: [key, …]}, each key less the first that the hour can have.
CREATE TABLE postings (
  hour INTEGER PRIMARY KEY,     -- hours since 1970
  keys TEXT NOT NULL
) STRICT;

-- How many events of each facet the hours of a span have, as JSON {facet: {hour: count}}: hours without are not looked at.
CREATE TABLE posting_spans (
  span INTEGER PRIMARY KEY,     -- spans of 256 hours since 1970
  hours TEXT NOT NULL
) STRICT;

-- 1 when the postings of the hour are those of the log. What changes a delivery's state alone leaves them true.
ALTER TABLE hours ADD COLUMN posted INTEGER NOT NULL DEFAULT 0;

DROP INDEX hours_uncounted;
CREATE INDEX hours_open ON hours (hour) WHERE counted = 0 OR posted = 0;

-- What is in the log already is posted too.
UPDATE hours SET counted = 0;

-- A contact's repeats: they are no history, but part of what a person's list shows.
CREATE INDEX events_repeats ON events (source, contact, at) WHERE status = 'duplicate' AND contact IS NOT NULL;

-- Deliveries that did not go the normal way; one that goes costs nothing here.
CREATE INDEX deliveries_troubled ON deliveries (target, state, event)
  WHERE state IN ('retrying', 'held', 'dead', 'cancelled');
