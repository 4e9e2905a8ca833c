-- Segments: a busy hour is counted and posted in parts, so that each minute reads what is new (store/segments.ts).

ALTER TABLE hours RENAME TO segments;
ALTER TABLE segments RENAME COLUMN hour TO start;              -- epoch milliseconds
ALTER TABLE segments ADD COLUMN until INTEGER NOT NULL DEFAULT 0; -- the first millisecond after it, in the same hour or its end
ALTER TABLE segments ADD COLUMN events INTEGER;                -- how many there were when it was counted or cut
UPDATE segments SET start = start * 3600000, until = (start + 1) * 3600000;

-- `posted` is -1 when there are more events than a posting holds.
DROP INDEX hours_open;
CREATE INDEX segments_open ON segments (start) WHERE counted = 0 OR posted <> 1;

ALTER TABLE ledger RENAME COLUMN hour TO start;
UPDATE ledger SET start = start * 3600000;
UPDATE segments SET events = (
  SELECT sum(count) FROM ledger WHERE ledger.start = segments.start AND kind = 'source') WHERE counted = 1;
ALTER TABLE statistics RENAME COLUMN hour TO start;
UPDATE statistics SET start = start * 3600000;
DROP INDEX statistics_hour;
CREATE INDEX statistics_segment ON statistics (start);
ALTER TABLE postings RENAME COLUMN hour TO start;
UPDATE postings SET start = start * 3600000;
ALTER TABLE posting_spans RENAME COLUMN hours TO segments;
UPDATE posting_spans SET segments = (
  SELECT json_group_object(facet, json(counts)) FROM (
    SELECT facet.key AS facet, json_group_object(CAST(hour.key AS INTEGER) * 3600000, hour.value) AS counts
    FROM json_each(segments) AS facet, json_each(facet.value) AS hour GROUP BY facet.key));
