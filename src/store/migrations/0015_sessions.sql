-- What is known about access to the API and the console, each until a time: sessions that were ended by signing out, and
-- addresses from which a token was used (as a keyed hash).

CREATE TABLE access (
  key TEXT PRIMARY KEY,         -- `ended <session>`, or `<role> <hash of the address>`
  until INTEGER NOT NULL        -- in epoch milliseconds
) STRICT, WITHOUT ROWID;
