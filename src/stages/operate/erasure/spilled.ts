// Requests in the archive that wait for D1: the messages of erased contacts lose their values there. Those in the queue cannot
// be reached; they do when they are recorded (store/intake/records.ts).
import type { PersonId } from '../../../core/id.ts'
import type { Env } from '../../../env.ts'
import { knownErased, readErased, withoutErased } from '../../../store/intake/erased.ts'
import { packRecords, unpackRecords } from '../../../store/intake/spill.ts'
import { noteErased, type RunningErasure } from '../../../store/operate/erasure/erasures.ts'
import { withTimeout } from '../../../store/timeout.ts'
import { SPILL_PREFIX } from '../../intake/archive.ts'
import type { StepResult } from './step.ts'

/** Objects that are read for one step. */
const PAGE = 10
const TIMEOUT_MS = 3000

const archived = <T>(work: Promise<T>) => withTimeout(work, 'the archive', TIMEOUT_MS)

/** Erases the messages of a person in the next objects of the archive. */
export async function eraseSpilled(
  { DB, ARCHIVE }: Pick<Env, 'DB' | 'ARCHIVE'>,
  { person, place }: RunningErasure,
): Promise<StepResult> {
  if (ARCHIVE === undefined) return 'over'
  await readErased(DB)
  const from = place === undefined ? {} : { startAfter: place }
  const { objects } = await archived(ARCHIVE.list({ prefix: SPILL_PREFIX, limit: PAGE, ...from }))
  for (const { key } of objects) await eraseObject({ DB, ARCHIVE }, person, key)
  const last = objects.at(-1)?.key
  return objects.length < PAGE || last === undefined ? 'over' : { place: last }
}

/** Rewrites an object, unless it was recorded meanwhile: what was deleted must not come back. */
async function eraseObject(
  { DB, ARCHIVE }: { DB: D1Database; ARCHIVE: R2Bucket },
  person: PersonId,
  name: string,
): Promise<void> {
  const object = await archived(ARCHIVE.get(name))
  if (object === null) return
  const records = await unpackRecords(await archived(object.arrayBuffer()))
  const kept = await Promise.all(records.map((record) => withoutErased(record, knownErased())))
  const erased = kept.filter((record, i) => record !== records[i]).length
  if (erased === 0) return
  const packed = await packRecords(kept)
  const put = ARCHIVE.put(name, packed, { onlyIf: { etagMatches: object.etag } })
  if ((await archived(put)) !== null) await DB.batch(noteErased(DB, person, { spilled: erased }))
}
