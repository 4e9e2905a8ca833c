// The packed deliveries that a replay by filter matches, read together with its matches among the rows.
import {
  matchesReplay,
  REPLAYABLE_STATES,
  type ReplayFilter,
} from '../../../core/deliveries/replay.ts'
import { type EventId, idOfKey } from '../../../core/id.ts'
import { rowsOf, type StoredRows } from '../../../core/ledger/pack-line.ts'
import type { KeyRange } from '../../events/event-filter.ts'
import type { PackEnv, PackRow } from '../../events/packs/packs.ts'
import { readWithPacks } from '../../events/packs/read.ts'
import { type PackedPart, readTogether } from '../../events/packs/together.ts'
import { listWindow, readWindow } from '../../events/packs/window.ts'
import { bindFilter, CONTACTS_OF_PERSON } from './matches.ts'

/** A packed event with its deliveries that match. */
export type Matching = {
  source: string
  contact: string | null
  type: string
  deliveries: Delivery[]
}
type Delivery = { target: string; state: string }

/** Events of a person that are read at once: each may be in another pack. */
const EVENTS_OF_PERSON = 100

/**
 * Reads the packed events of a range that have deliveries which match a filter, from its begin, and the rows alongside.
 * `end`: where it stopped, as enough was read; undefined at the end of the range. Throws like `readTogether`.
 */
export function readPackedMatches(
  env: PackEnv,
  filter: ReplayFilter,
  targets: readonly string[],
  { range, maxBlocks, alongside }: { range: KeyRange; maxBlocks: number; alongside: Alongside },
): Promise<PackedPart<Matching> & { results: D1Result[] }> {
  const take = (rows: StoredRows) => matchingOf(rows, filter, targets)
  if (filter.person !== undefined) {
    return readTogether(env.DB, {
      ...{ range, alongside },
      list: listOfPerson(env.DB, filter, range),
      read: (rows: { key: string }[]) => readOfPerson(env, rows, take),
    })
  }
  return readTogether(env.DB, {
    ...{ range, alongside },
    list: listWindow(env.DB, range, conditionOf(filter, targets)),
    read: (rows: PackRow[]) => readWindow(env, range, { rows, maxBlocks }, take),
  })
}

type Alongside = (range: KeyRange) => D1PreparedStatement[]

function matchingOf(
  { event: { source, contact, type, status }, deliveries }: StoredRows,
  filter: ReplayFilter,
  targets: readonly string[],
): Matching | undefined {
  // An erased event has nothing left to be sent.
  if (status !== 'accepted' && status !== 'inferred') return undefined
  const own = deliveries
    .filter(({ target, state }) => matchesReplay(filter, { target, state, source, type }))
    .filter(({ target }) => targets.includes(target))
    .map(({ target, state }) => ({ target, state }))
  return own.length === 0 ? undefined : { source, contact, type, deliveries: own }
}

/** The packs that may have a match, by the counts of their events, which are under the time after their start. */
function conditionOf(
  { targets: named, states, sources }: ReplayFilter,
  targets: readonly string[],
) {
  const names = targets.filter((target) => named?.includes(target) ?? true)
  return {
    sql: `EXISTS (SELECT 1 FROM ledger WHERE ledger.start = p.start + 1 AND kind = 'target' AND count > 0
      AND name IN (SELECT value FROM json_each(?4)) AND state IN (SELECT value FROM json_each(?5)))
    AND (?6 IS NULL OR EXISTS (SELECT 1 FROM ledger WHERE ledger.start = p.start + 1 AND kind = 'source' AND count > 0
      AND name IN (SELECT value FROM json_each(?6))))`,
    values: [
      JSON.stringify(names),
      JSON.stringify(states ?? REPLAYABLE_STATES),
      sources === undefined ? null : JSON.stringify(sources),
    ],
  }
}

function listOfPerson(
  db: D1Database,
  filter: ReplayFilter,
  { from, before }: KeyRange,
): D1PreparedStatement {
  return db
    .prepare(
      `SELECT CAST(e.key AS TEXT) AS key FROM (${CONTACTS_OF_PERSON}) AS own
       CROSS JOIN packed_contacts AS c ON c.source = own.source AND c.contact = own.contact
       CROSS JOIN packed_events AS e ON e.contact = c.number
       WHERE e.kind >= 0 AND e.key >= ${from} AND e.key < ${before} ORDER BY e.key LIMIT ${EVENTS_OF_PERSON + 1}`,
    )
    .bind(bindFilter(filter))
}

async function readOfPerson<T>(
  env: PackEnv,
  rows: readonly { key: string }[],
  take: (rows: StoredRows) => T | undefined,
): Promise<PackedPart<T>> {
  const ids: EventId[] = rows.slice(0, EVENTS_OF_PERSON).map(({ key }) => idOfKey(key))
  const lines = await readWithPacks(env, ids)
  const found = lines.flatMap(({ pack: { start }, line }) => {
    const rows = rowsOf(line)
    const value = take(rows)
    return value === undefined ? [] : { key: rows.event.key, start, value }
  })
  const next = rows[EVENTS_OF_PERSON]
  return { found, end: next && BigInt(next.key) }
}
