// Hours of the log, as the roll-ups and the postings have them.
import { KEYS_AN_HOUR } from '../core/id.ts'

/** The first key of an hour that is the parameter `?1`, and the first of the next one; as SQL. */
export const FIRST_OF_HOUR = `CAST(?1 AS INTEGER) * ${KEYS_AN_HOUR}`
export const FIRST_OF_NEXT_HOUR = `CAST(?1 + 1 AS INTEGER) * ${KEYS_AN_HOUR}`
