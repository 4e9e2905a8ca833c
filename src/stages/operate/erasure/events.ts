// The events of an erased person's contacts, some at a time: their values are hashed for the receipt and erased in one
// transaction.
import type { ErasedPlace, ErasedValue } from '../../../core/operate/erasure/erasure.ts'
import {
  type IdentifyingValue,
  valuesOfKey,
  valuesOfParts,
} from '../../../core/operate/erasure/values.ts'
import { hashWords } from '../../../core/operate/erasure/words.ts'
import type { Env } from '../../../env.ts'
import { eraseObjects } from '../../../store/events/bodies/objects.ts'
import { countsOf, eraseEvents } from '../../../store/operate/erasure/erase-events.ts'
import {
  type ErasedContactRow,
  noteErased,
  type RunningErasure,
} from '../../../store/operate/erasure/erasures.ts'
import { listPersonalEvents } from '../../../store/operate/erasure/person-events.ts'
import { VENDORS } from '../../../vendors/index.ts'
import type { Vendor } from '../../../vendors/vendor.ts'
import type { StepResult } from './step.ts'

/** Where the events are, and their large bodies. */
type ErasedEnv = Pick<Env, 'DB' | 'ARCHIVE'>

/** Events of a transaction. */
const CHUNK = 100

/** The headers whose equal value makes equal content a repeat. They are no personal data. */
export const REPEAT_HEADERS = Object.values(VENDORS).flatMap(
  (vendor) => (vendor as Vendor).deliveryHeader ?? [],
)

/** Erases the next events of a person. */
export async function eraseNextEvents(
  env: ErasedEnv,
  erasure: RunningErasure,
): Promise<StepResult> {
  const { person, contacts, cut, salt, place } = erasure
  const { DB: db } = env
  if (place === undefined) {
    const values = await hashed(contacts.flatMap(valuesOfContact), salt)
    await db.batch(noteErased(db, person, {}, values))
    return { place: 'contacts' }
  }
  const events = await listPersonalEvents(db, contacts, cut, CHUNK)
  if (events.length === 0) return 'over'
  const values = await hashed(events.flatMap(valuesOfParts), salt)
  await eraseKeys(
    env,
    erasure,
    events.map(({ key }) => key),
    'events',
    values,
  )
  return { place: 'contacts' }
}

/** Erases all hot events of a person: those that were packed a moment ago. */
export async function eraseRestored(env: ErasedEnv, erasure: RunningErasure): Promise<void> {
  while ((await eraseNextEvents(env, { ...erasure, place: 'contacts' })) !== 'over');
}

/** Erases the objects of events, by their keys, and then the events in one transaction with what the receipt says of them. */
export async function eraseKeys(
  env: ErasedEnv,
  { person }: Pick<RunningErasure, 'person'>,
  keys: readonly string[],
  place: ErasedPlace,
  values: readonly ErasedValue[] = [],
): Promise<void> {
  await eraseObjects(env, keys)
  await env.DB.batch([
    ...noteErased(env.DB, person, countsOf(keys, place), values),
    ...eraseEvents(env.DB, keys, REPEAT_HEADERS),
  ])
}

/** The values that a contact has in the log. */
function valuesOfContact({ source, contact, email, former, name }: ErasedContactRow) {
  const parts = [email, former].map((address) => ({ email: address, full_name: name }))
  return [
    ...valuesOfKey(source, contact),
    ...parts.flatMap((contact) => valuesOfParts({ contact, to: null, fob: null })),
  ]
}

/** Values as their hashes, each once. */
async function hashed(values: readonly IdentifyingValue[], salt: string): Promise<ErasedValue[]> {
  const unique = new Map(
    values.map((value) => [JSON.stringify([value.words, value.source]), value]),
  )
  return Promise.all(
    [...unique.values()].map(async ({ kind, words, source }) => ({
      ...(await hashWords(words, salt)),
      kind,
      source,
    })),
  )
}
