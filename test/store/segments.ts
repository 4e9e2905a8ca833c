// Segments for a log that a test wrote directly: one for each hour.

import { timeOfKey } from '../../src/store/segments.ts'

const HOUR_MS = 3_600_000
const HOUR = `${timeOfKey('key')} / ${HOUR_MS} * ${HOUR_MS}`

/** The SQL that inserts a segment for each hour of the log. */
export const LIST_SEGMENTS = `INSERT OR IGNORE INTO segments (start, until, counted)
SELECT DISTINCT ${HOUR}, ${HOUR} + ${HOUR_MS}, 0 FROM events`
