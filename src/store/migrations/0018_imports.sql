-- The import of an exported log (store/ledger/import.ts). One row, once an import has begun.
CREATE TABLE imports (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  file TEXT NOT NULL,           -- the checksum of the file's last line, which tells it from others
  lines INTEGER NOT NULL,       -- how many lines with events or rows it has
  position INTEGER NOT NULL,    -- how many of them are in the log
  delivers INTEGER NOT NULL,    -- 1 when its unfinished deliveries go on
  begun INTEGER NOT NULL        -- epoch milliseconds
) STRICT;
