// The segments of a log that was written without the relay: its hours.

const HOUR_MS = 3_600_000

/** Lists each hour of the log as a segment; as SQL. */
export const LIST_SEGMENTS = `INSERT OR IGNORE INTO segments (start, until, counted)
SELECT DISTINCT (key >> 21) / ${HOUR_MS} * ${HOUR_MS}, (key >> 21) / ${HOUR_MS} * ${HOUR_MS} + ${HOUR_MS}, 0 FROM events`
