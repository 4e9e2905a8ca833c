// The kinds of packed events as numbers, in packed_events.
import { EVENT_KINDS } from '../../../core/events/vocabulary.ts'
import { kindOf } from '../history.ts'

/** The kind of repeats: they are no history, but part of what a person's list shows. */
export const KIND_OF_REPEATS = -1

/** The number of a kind, as it is stored: a new kind is added to the end of the vocabulary. */
export const numberOfKind = (kind: string): number => KINDS.indexOf(kind)

const KINDS: readonly string[] = EVENT_KINDS

/**
 * SQL: the number of the kind of an event of `events AS e`; null for one that is in no history, as those in quarantine are.
 */
export const KIND_OF_E = `CASE WHEN e.status = 'duplicate' THEN ${KIND_OF_REPEATS} WHEN e.status IN ('accepted', 'derived') THEN
  CASE ${kindOf('e.type')} ${KINDS.map((kind, i) => `WHEN '${kind}' THEN ${i}`).join(' ')} END END`
