// Erasures: beginning one, noting how far it has come, its receipt, and who is kept out.

import { UNFINISHED_STATES } from '../../../core/deliveries/delivery.ts'
import { firstKeyAt, keyOfId, type PersonId, personIdOfKey } from '../../../core/id.ts'
import type {
  ErasedPlace,
  ErasedValue,
  Erasure,
  ErasureStep,
} from '../../../core/operate/erasure/erasure.ts'
import { IS_ERASED } from '../../stored-words.ts'

/** A contact whose events are erased. */
export type ErasedContactRow = {
  source: string
  vendor: string
  contact: string
  account: string | null
  email: string | null
  former: string | null
  name: string | null
  /** Whether another person has the address too: 1 or 0. */
  is_shared: number
}

/** An erasure with what only its steps need: whose events, up to which key (decimal text), and where its step is. */
export type RunningErasure = Erasure & {
  contacts: readonly ErasedContactRow[]
  cut: string
  place: string | undefined
}

type Row = {
  person: string
  asked_at: number
  cut: string
  step: ErasureStep
  place: string | null
  contacts: string | null
  salt: string
  counts: string
  done_at: number | null
  suppress: number
  kept_out: number
  kept_out_at: number | null
}

const COLUMNS = `CAST(person AS TEXT) AS person, asked_at, CAST(cut AS TEXT) AS cut, step, place, contacts, salt, counts,
  done_at, suppress, kept_out, kept_out_at`

function erasureOf(row: Row): RunningErasure {
  return {
    person: personIdOfKey(row.person),
    askedAt: row.asked_at,
    doneAt: row.done_at ?? undefined,
    step: row.step,
    suppress: row.suppress === 1,
    keptOut: row.kept_out,
    keptOutAt: row.kept_out_at ?? undefined,
    counts: JSON.parse(row.counts),
    salt: row.salt,
    contacts: JSON.parse(row.contacts ?? '[]'),
    cut: row.cut,
    place: row.place ?? undefined,
  }
}

/** Returns the erasure of a person; undefined when nobody asked for one. */
export async function getErasure(
  db: D1Database,
  person: PersonId,
): Promise<RunningErasure | undefined> {
  const row = await db
    .prepare(`SELECT ${COLUMNS} FROM erasures WHERE person = CAST(?1 AS INTEGER)`)
    .bind(keyOfId(person))
    .first<Row>()
  return row === null ? undefined : erasureOf(row)
}

/** Returns the erasures after a person in the order of their ids, at most `limit`. */
export async function listErasures(
  db: D1Database,
  after: PersonId | undefined,
  limit: number,
): Promise<Erasure[]> {
  const { results } = await db
    .prepare(
      `SELECT ${COLUMNS} FROM erasures WHERE person > CAST(?1 AS INTEGER) ORDER BY erasures.person LIMIT ?2`,
    )
    .bind(after === undefined ? '-1' : keyOfId(after), limit)
    .all<Row>()
  return results.map(erasureOf)
}

/** Contacts of erasures that were asked for before `?1`, except those that are kept out. */
const CONTACTS_TO_FORGET = `FROM erased_contacts WHERE person IN (
  SELECT person FROM erasures WHERE suppress = 0 AND step = 'done' AND asked_at < ?1)`

/**
 * Returns whether an erasure is not done, and whether something was kept of the erased until a time (epoch milliseconds): what
 * `forgetContacts` and `forgetRepeats` forget. One query, as that is so in few minutes.
 */
export async function readErasing(
  db: D1Database,
  before: number,
): Promise<{ isAnyOpen: boolean; isAnyKept: boolean }> {
  const row = await db
    .prepare(
      `SELECT EXISTS (SELECT 1 FROM erasures WHERE step <> 'done') AS open, (EXISTS (SELECT 1 ${CONTACTS_TO_FORGET})
         OR EXISTS (SELECT 1 FROM events WHERE status ${IS_ERASED} AND dedup_key <> '' AND key < CAST(?2 AS INTEGER))) AS kept`,
    )
    .bind(before, firstKeyAt(before))
    .first<{ open: number; kept: number }>()
  return { isAnyOpen: row?.open === 1, isAnyKept: row?.kept === 1 }
}

/** Returns the erasures that are not done, the oldest first, at most 20. */
export async function listOpenErasures(db: D1Database): Promise<RunningErasure[]> {
  const { results } = await db
    .prepare(`SELECT ${COLUMNS} FROM erasures WHERE step <> 'done' ORDER BY asked_at LIMIT 20`)
    .all<Row>()
  return results.map(erasureOf)
}

/** Returns the hashes of what an erasure erased. */
export async function listErasedValues(db: D1Database, person: PersonId): Promise<ErasedValue[]> {
  const { results } = await db
    .prepare(
      'SELECT kind, hash, mark, words, source FROM erased_values WHERE person = CAST(?1 AS INTEGER) ORDER BY kind, hash',
    )
    .bind(keyOfId(person))
    .all<ErasedValue>()
  return results
}

/** The statements that note what was erased, for the transaction that does it: run them before what they count is gone. */
export function noteErased(
  db: D1Database,
  person: PersonId,
  counts: Partial<Record<ErasedPlace, string | number>>,
  values: readonly ErasedValue[] = [],
): D1PreparedStatement[] {
  const key = keyOfId(person)
  const sums = Object.entries(counts).map(
    ([place, sql]) => `'$.${place}', COALESCE(counts ->> '$.${place}', 0) + (${sql})`,
  )
  return [
    ...(sums.length === 0
      ? []
      : [
          db
            .prepare(
              `UPDATE erasures SET counts = json_set(counts, ${sums}) WHERE person = CAST(?1 AS INTEGER)`,
            )
            .bind(key),
        ]),
    ...(values.length === 0
      ? []
      : [
          db
            .prepare(
              `INSERT INTO erased_values (person, hash, mark, kind, words, source)
               SELECT CAST(?1 AS INTEGER), value ->> 'hash', value ->> 'mark', value ->> 'kind', value ->> 'words', value ->> 'source'
               FROM json_each(?2) WHERE true ON CONFLICT DO NOTHING`,
            )
            .bind(key, JSON.stringify(values)),
        ]),
  ]
}

const UNFINISHED = UNFINISHED_STATES.map((state) => `'${state}'`).join()

/** What `noteErased` counts of events (by their keys, decimal texts), which are counted under a place, and of their deliveries. */
export function countsOfKeys(
  keys: readonly string[],
  place: ErasedPlace,
): Partial<Record<ErasedPlace, string>> {
  const own = `FROM deliveries WHERE event IN (${keys})`
  return {
    [place]: `SELECT count(*) FROM events WHERE key IN (${keys}) AND status NOT ${IS_ERASED}`,
    bodies: `SELECT count(*) ${own} AND body IS NOT NULL`,
    attempts: `SELECT count(*) FROM (SELECT attempts ${own}) CROSS JOIN json_each(attempts) AS a WHERE a.value ->> 'digest' IS NOT NULL`,
    cancelled: `SELECT count(*) ${own} AND state IN (${UNFINISHED})`,
  }
}

/** The statement that moves an erasure within its step, or to another one. Once it was told, whose it was is forgotten. */
export function moveErasure(
  db: D1Database,
  person: PersonId,
  step: ErasureStep,
  place: string | undefined,
): D1PreparedStatement {
  return db
    .prepare(
      `UPDATE erasures SET step = ?2, place = ?3, contacts = CASE WHEN ?2 <> 'told' THEN contacts END
       WHERE person = CAST(?1 AS INTEGER)`,
    )
    .bind(keyOfId(person), step, place ?? null)
}

/** Ends an erasure. */
export async function endErasure(db: D1Database, person: PersonId, now: number): Promise<void> {
  await db
    .prepare(
      `UPDATE erasures SET step = 'done', place = NULL, contacts = NULL, done_at = ?2
       WHERE person = CAST(?1 AS INTEGER)`,
    )
    .bind(keyOfId(person), now)
    .run()
}

/** Keeps later messages of an erased person out, or no longer. False when nobody of this id was erased. `version` as above. */
export async function setSuppressed(
  db: D1Database,
  person: PersonId,
  suppress: boolean,
  version: number,
): Promise<boolean> {
  const [changed] = await db.batch([
    db
      .prepare('UPDATE erasures SET suppress = ?2 WHERE person = CAST(?1 AS INTEGER)')
      .bind(keyOfId(person), suppress ? 1 : 0),
    db.prepare('UPDATE erasing SET version = ?1 WHERE changes() > 0').bind(version),
  ])
  return (changed?.meta.changes ?? 0) > 0
}

/**
 * Forgets the contacts of erasures that were asked for before a time, except those that are kept out: no message of before
 * is on its way any more. Times in epoch milliseconds.
 */
export async function forgetContacts(
  db: D1Database,
  before: number,
  version: number,
): Promise<void> {
  await db.batch([
    db.prepare(`DELETE ${CONTACTS_TO_FORGET}`).bind(before),
    db.prepare('UPDATE erasing SET version = ?1 WHERE changes() > 0').bind(version),
  ])
}
