// What repeats of packed events are recognised by: a row of `packed_identities` for each, for thirty days after its receipt. It has
// what the index of a contact's history has of an event in rows, so the same is looked for in both.
import { EVENT_KINDS } from '../../core/events/vocabulary.ts'
import { firstKeyAt, KEYS_PER_MS, keyOfId } from '../../core/id.ts'
import type { PackLine } from '../../core/ledger/pack-line.ts'
import { KIND_OF_E, numberOfKind } from '../events/packs/kinds.ts'

/** How long after its receipt a packed event is known by its identity: at least this, in milliseconds. */
export const IDENTITY_MS = 30 * 86_400_000

/** The rows of ten days lie together, so that old ones are found without an index. */
const PERIOD = 864_000_000 * KEYS_PER_MS
const PERIODS = IDENTITY_MS / 864_000_000 + 1

/** Added to the kind of an inferred event, which is no fact. */
const INFERRED = 100

/** The contact of messages that are about none. */
const NOBODY = 0

/** SQL: a content as it is stored. */
const digestOf = (dedupKey: string) => `unhex(substr(${dedupKey}, 1, 16))`

const KEEP = `
INSERT OR IGNORE INTO packed_identities (period, contact, kind, at, key, digest, stamp, delivery)
SELECT e.key / ${PERIOD}, COALESCE(c.number, ${NOBODY}), COALESCE(${KIND_OF_E}, -1) + CASE e.status WHEN 'derived' THEN ${INFERRED} ELSE 0 END,
  COALESCE(e.at, 0), e.key, ${digestOf('e.dedup_key')}, e.dedup_stamp,
  (SELECT e.headers ->> name.value FROM json_each(?3) AS name WHERE e.headers ->> name.value <> COALESCE(e.dedup_stamp, '') LIMIT 1)
FROM json_each(?1) AS wanted CROSS JOIN events AS e ON e.key = CAST(wanted.value AS INTEGER)
LEFT JOIN packed_contacts AS c ON c.source = e.source AND c.contact = e.contact
WHERE e.status <> 'duplicate' AND e.key >= CAST(?2 AS INTEGER)`

/** What the identities of events are read with: the time (epoch milliseconds), and the headers with a vendor's delivery id. */
export type Identifying = { now: number; deliveryHeaders: readonly string[] }

/**
 * Returns the statement that keeps the identities of events whose rows are about to be deleted, given by their keys (decimal
 * texts). Run it in the transaction that deletes them, after their contacts have numbers.
 */
export function keepIdentities(
  db: D1Database,
  keys: readonly string[],
  { now, deliveryHeaders }: Identifying,
): D1PreparedStatement {
  const paths = deliveryHeaders.map((name) => `$."${name}"`)
  const since = firstKeyAt(now - IDENTITY_MS)
  return db.prepare(KEEP).bind(JSON.stringify(keys), since, JSON.stringify(paths))
}

const FORGET = `
DELETE FROM packed_identities WHERE (period, contact, kind, at, key) IN (
  SELECT (gone.value ->> 4) / ${PERIOD}, ${NOBODY}, gone.value ->> 2, gone.value ->> 3, gone.value ->> 4 FROM json_each(?1) AS gone
  UNION ALL
  SELECT (gone.value ->> 4) / ${PERIOD}, c.number, gone.value ->> 2, gone.value ->> 3, gone.value ->> 4 FROM json_each(?1) AS gone
  CROSS JOIN packed_contacts AS c ON c.source = gone.value ->> 0 AND c.contact = gone.value ->> 1)`

/**
 * Returns the statement that deletes the identities of packed events, given by their lines. Run it in the transaction that
 * restores or drops them, before their contacts lose their numbers: another contact may get the same number.
 */
export function forgetIdentities(db: D1Database, lines: readonly PackLine[]): D1PreparedStatement {
  const gone = lines.map(
    ({ id, source, contact = null, status, type, at = 0 }) =>
      `[${JSON.stringify(source)},${JSON.stringify(contact)},${identityKind(status, type)},${at},${keyOfId(id)}]`,
  )
  return db.prepare(FORGET).bind(`[${gone}]`)
}

/** The kind that the identity of a line has. */
function identityKind(status: string, type: string): number {
  const kind = numberOfKind(type.slice(0, type.indexOf('.')))
  if (status === 'inferred') return kind + INFERRED
  return status === 'accepted' ? kind : -1
}

/** Deletes identities that are no longer needed at a time (epoch milliseconds), at most `limit`. Reads one row if there is none. */
export async function dropOldIdentities(db: D1Database, now: number, limit: number): Promise<void> {
  await db
    .prepare(
      `DELETE FROM packed_identities WHERE (period, contact, kind, at, key) IN (
         SELECT period, contact, kind, at, key FROM packed_identities WHERE period < CAST(?1 AS INTEGER) / ${PERIOD} LIMIT ?2)`,
    )
    .bind(firstKeyAt(now - IDENTITY_MS), limit)
    .run()
}

// The pieces of SQL below are for the statements of repeats.ts and have its parameters.

const OWN_PERIOD = `CAST(?1 AS INTEGER) / ${PERIOD}`
const RECENT = `(VALUES ${Array.from({ length: PERIODS }, (_, i) => `(${OWN_PERIOD} - ${i})`).join()})`

/** SQL: the number of a kind. */
const numberOf = (kind: string) =>
  `CASE ${kind} ${EVENT_KINDS.map((name, i) => `WHEN '${name}' THEN ${i}`).join(' ')} END`

/** SQL: the packed identities of contacts, as `p`, of some kinds and times. */
const identitiesOf = (contacts: string, kinds: string, times = 'TRUE') => `
    FROM (SELECT number FROM packed_contacts WHERE source = ?2 AND contact ${contacts}) AS c CROSS JOIN ${RECENT} AS t
    CROSS JOIN packed_identities AS p ON p.period = t.column1 AND p.contact = c.number AND p.kind ${kinds} AND ${times}`

/** SQL: the time of the identity that is next to those around ?24 to ?25, or the end of these. */
const nextTo = (
  end: string,
  pick: string,
  compare: string,
  kind: string,
) => `COALESCE((SELECT ${pick}(at) FROM packed_identities
      WHERE period = t.column1 AND contact = c.number AND kind = ${kind} AND at ${compare} ${end}), ${end})`

const timesOf = (among: 'instant' | 'next' | 'all', kind: string) =>
  ({
    instant: 'p.at BETWEEN ?24 AND ?25',
    next: `p.at BETWEEN ${nextTo('?24', 'max', '<', kind)} AND ${nextTo('?25', 'min', '>', kind)}`,
    all: 'TRUE',
  })[among]

const COLUMNS = `p.key, p.at, p.stamp, COALESCE(p.delivery, p.stamp) AS delivery`

// The scoped keys of a contact follow its bare key at once.
const BARE_OR_SCOPED = `BETWEEN ?6 AND COALESCE(?23 ->> 'scoped', ?6) AND contact IN (?6, ?23 ->> 'scoped')`

/** SQL: a query of packed events of equal content of the contact and a kind: `key`, `at`, `stamp` and `delivery`. */
export const packedCopies = (kind: string, among: 'instant' | 'next' | 'all') =>
  `SELECT ${COLUMNS} ${identitiesOf(BARE_OR_SCOPED, `= ${numberOf(kind)}`, timesOf(among, numberOf(kind)))} WHERE p.digest = ${digestOf('?9')}`

/** SQL: the same of messages without a contact. */
export const PACKED_OF_NOBODY = `SELECT ${COLUMNS} FROM packed_identities AS p WHERE p.digest = ${digestOf('?9')} AND p.contact = ${NOBODY}`

/** SQL: whether the packed events have an inferred one of equal content. */
export const isPackedInferred = (contact: string, kind: string) =>
  `EXISTS (SELECT 1 ${identitiesOf(`= ${contact}`, `= ${numberOf(kind)} + ${INFERRED}`)} WHERE p.digest = ${digestOf('?9')})`

/** SQL: whether a packed event `p` of a contact, of another content and one of some kinds (numbers), meets a condition. */
export const isAnyPacked = (contact: string, kinds: readonly string[], condition: string) =>
  `EXISTS (SELECT 1 ${identitiesOf(`= ${contact}`, `IN (${kinds.join()})`)} WHERE p.digest <> ${digestOf('?9')} AND ${condition})`
