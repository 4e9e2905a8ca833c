-- What was answered to whoever asked with an idempotency key, for a day.

CREATE TABLE idempotency (
  key TEXT PRIMARY KEY,         -- as it was sent
  request TEXT NOT NULL,        -- what was asked, as a hash
  at INTEGER NOT NULL,          -- when, in epoch milliseconds
  status INTEGER,               -- what was answered; null while it is being done
  headers TEXT,                 -- of the answer, as JSON
  body TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_at ON idempotency (at);
