// Recording what came in: one transaction for a request's events and their deliveries.

import type { EventStatus } from '../../core/events/event.ts'
import { type EventId, idOfKey, keyOfId } from '../../core/id.ts'
import type { Rung } from '../../core/intake/dedupe.ts'
import { byAddress, type ContactKey, requireUnseen, seeContacts } from '../events/contacts.ts'
import { findOvertaking } from '../events/history.ts'
import type { BatchDatabase } from '../group-commit.ts'
import { markSegments } from '../segments.ts'
import { type NewRecord, statementFor } from './new-record.ts'

/** What became of a message. A duplicate carries the id of the first one; what follows from it is not recorded at all. */
export type Recorded = {
  id: EventId
  status: EventStatus | 'unrecorded'
  /** True when another of its contact was recorded after its history was read. */
  isOvertaken?: true
}

// A repeat gets no deliveries: what it would say was said.
const INSERT_DELIVERIES = `
INSERT INTO deliveries (event, target, state, reason, attempt, due, attempts)
SELECT e.key, plan.value ->> 'target', plan.value ->> 'state', plan.value ->> 'reason', 1,
  plan.value ->> 'due', '[]'
FROM json_each(?1) AS plan CROSS JOIN events AS e ON e.key = CAST(plan.value ->> 'event' AS INTEGER)
WHERE e.status IN ('accepted', 'derived') ON CONFLICT DO NOTHING`

/**
 * Records the messages of one request and their deliveries in one transaction, and tells what became of each. A contact
 * is taken for the same one in all of `sources` that are of one vendor.
 * Throws when D1 does, or when one of `unseen` is known by now (`isOutdated`); then nothing is written.
 */
export async function recordEvents(
  db: BatchDatabase,
  records: NewRecord[],
  sources: readonly string[] = [],
  unseen: readonly ContactKey[] = [],
): Promise<Recorded[]> {
  if (records.length === 0) return []
  const statements = records.map((record) => statementFor(db, record))
  const plans = records.flatMap(({ id, planned }) =>
    planned.map((delivery) => ({ event: keyOfId(id), ...delivery })),
  )
  if (plans.length > 0) statements.push(db.prepare(INSERT_DELIVERIES).bind(JSON.stringify(plans)))
  statements.push(...unseen.map((contact) => requireUnseen(db, contact)))
  const sightings = records.flatMap(({ sighting }) => sighting ?? [])
  for (const group of byAddress(sightings)) statements.push(seeContacts(db, group, sources))
  const ids = records.map(({ id }) => id)
  statements.push(markSegments(db, ids, 'added'))
  const lights = records.flatMap(({ light }) => light ?? [])
  statements.push(...lights.map((light) => findOvertaking(db, light)))
  type Row = {
    key: string
    status: EventStatus
    rung: Rung | 'twin' | null
    matched: string | null
  }
  const results = await db.batch<Row>(statements)
  const found = results.slice(results.length - lights.length)
  const overtaken = lights.filter((_, i) => found[i]?.results.length).map(({ event }) => event)
  return records.map((record, i) => {
    const row = results[i]?.results[0]
    const mayBeNone = record.derivedFrom !== undefined || record.isRelease
    if (row === undefined && mayBeNone) return { id: record.id, status: 'unrecorded' }
    if (row === undefined) throw new Error('D1 recorded an event and returned no row')
    const duplicate = row.status === 'duplicate' && row.matched !== null
    return {
      id: duplicate && row.matched !== null ? idOfKey(row.matched) : record.id,
      status: row.status,
      ...(overtaken.includes(record.id) && !duplicate ? { isOvertaken: true } : {}),
    }
  })
}

/** Of some ids, those that are taken, each with the dedup key of the event that has it. */
export async function listTaken(
  db: D1Database,
  ids: readonly EventId[],
): Promise<Map<EventId, string>> {
  const { results } = await db
    .prepare(
      `SELECT CAST(e.key AS TEXT) AS key, e.dedup_key
       FROM json_each(?1) AS wanted CROSS JOIN events AS e ON e.key = CAST(wanted.value AS INTEGER)`,
    )
    .bind(JSON.stringify(ids.map(keyOfId)))
    .all<{ key: string; dedup_key: string }>()
  return new Map(results.map(({ key, dedup_key }) => [idOfKey(key), dedup_key]))
}

/**
 * True when a write failed because somebody was first: another event has the same key, which happens once in millions,
 * or a contact is known that was new. Both are mended by asking and writing again.
 */
export function isOutdated(error: unknown): boolean {
  return (
    error instanceof Error &&
    /UNIQUE constraint failed: (events\.key|contacts\.)/.test(error.message)
  )
}
