// An erasure: its steps, and what its receipt says.
import type { PersonId } from '../../id.ts'
import type { ValueKind } from './values.ts'
import type { HashedWords } from './words.ts'

/** The steps of an erasure, in their order. Each can be cut off anywhere and done again. */
export const ERASURE_STEPS = [
  'events',
  'packs',
  'elsewhere',
  'archive',
  'tell',
  'told',
  'done',
] as const
export type ErasureStep = (typeof ERASURE_STEPS)[number]

/** The step after one. */
export function stepAfter(step: ErasureStep): ErasureStep {
  return ERASURE_STEPS[ERASURE_STEPS.indexOf(step) + 1] ?? 'done'
}

/** The places that a receipt counts, and what one of each is. */
export const ERASED_PLACES = {
  events: 'events, with their bytes and headers',
  bodies: 'bodies of deliveries',
  attempts: 'attempts, which lost the answer of the target',
  cancelled: 'deliveries that were cancelled',
  contacts: 'contacts',
  quarantined: 'messages in quarantine',
  spilled: 'messages in the archive of spilled requests',
  replays: 'filters of replays',
  answers: 'stored answers to requests with an idempotency key',
  issues: 'texts of issues',
} as const
export type ErasedPlace = keyof typeof ERASED_PLACES

/** An erased value, without the value. `source`: of an id, the source that gave it. */
export type ErasedValue = HashedWords & { kind: ValueKind; source: string | null }

/** An erasure as it is now. Times in epoch milliseconds. */
export type Erasure = {
  person: PersonId
  askedAt: number
  doneAt: number | undefined
  step: ErasureStep
  suppress: boolean
  keptOut: number
  keptOutAt: number | undefined
  counts: Partial<Record<ErasedPlace, number>>
  salt: string
}
