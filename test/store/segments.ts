// Segments for a log that a test wrote directly: one for each hour.

const HOUR_MS = 3_600_000

/** The SQL that inserts a segment for each hour of the log. */
export const LIST_SEGMENTS = `INSERT OR IGNORE INTO segments (start, until, counted)
SELECT DISTINCT (key >> 21) / ${HOUR_MS} * ${HOUR_MS}, (key >> 21) / ${HOUR_MS} * ${HOUR_MS} + ${HOUR_MS}, 0 FROM events`
