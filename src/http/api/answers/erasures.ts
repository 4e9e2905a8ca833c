// Responses about erased people.
import * as v from 'valibot'
import { ERASED_PLACES, ERASURE_STEPS } from '../../../core/operate/erasure/erasure.ts'
import { VALUE_KINDS } from '../../../core/operate/erasure/values.ts'
import * as basic from './basic.ts'
import { count, personId, Time } from './basic.ts'

export const ErasedKind = v.picklist(VALUE_KINDS)
export const ErasureState = v.pipe(
  v.picklist(['erasing', 'done']),
  v.description('`erasing`: call again to go on; the cron does so too'),
)
export const ErasureStep = v.picklist(ERASURE_STEPS)

export const ErasedValue = v.strictObject({
  kind: ErasedKind,
  hash: v.pipe(v.string(), v.description('Of the words of the value, by the salt')),
  mark: v.pipe(count, v.maxValue(2 ** 32 - 1), v.metadata({ format: 'int64' })),
  words: count,
  source: v.pipe(v.nullable(basic.source), v.description('Of an ID: who gave it')),
})

const erasure = {
  person: personId,
  state: ErasureState,
  step: ErasureStep,
  asked_at: Time,
  done_at: v.nullable(Time),
  suppress: v.pipe(
    v.boolean(),
    v.description('Whether later messages of its contacts are kept out'),
  ),
  kept_out: v.pipe(count, v.description('How many were')),
  kept_out_at: v.nullable(Time),
  counts: v.pipe(
    v.record(v.picklist(Object.keys(ERASED_PLACES) as (keyof typeof ERASED_PLACES)[]), count),
    v.description('What was erased where'),
  ),
}

/** An erasure without the hashes of its values. */
export const Erasure = v.strictObject(erasure)
export const ErasurePage = v.strictObject({
  erasures: v.array(Erasure),
  next: v.pipe(v.nullable(personId), v.description('The `after` of the next call')),
})

/** What was erased where, by hash and count, without values. */
export const ErasureReceipt = v.strictObject({
  ...erasure,
  salt: v.string(),
  values: v.array(ErasedValue),
})

/** What a dry run would erase. */
export const ErasurePlan = v.strictObject({
  person: personId,
  dry_run: v.literal(true),
  contacts: count,
  events: count,
  deliveries: count,
  cancelled: v.pipe(
    count,
    v.description('Deliveries that are not finished and would be cancelled'),
  ),
})

export const ErasureVerification = v.strictObject({
  found: v.array(
    v.strictObject({
      table: v.string(),
      column: v.string(),
      row: v.string(),
      kinds: v.array(ErasedKind),
    }),
  ),
  others: v.pipe(count, v.description('Found with other people who have the same address or name')),
  later: v.pipe(count, v.description('Found in what came after the erasure')),
  read: v.strictObject({
    tables: v.array(v.string()),
    rows: count,
    objects: count,
    characters: basic.bytes,
  }),
  next: v.pipe(v.nullable(v.string()), v.description('The `after` of the next call')),
})
