// Histories that need more than the facts of packed events, as those of late events and of past ones: from the packs.
import { type MembershipEvent, withCredibleTime } from '../../../core/events/event.ts'
import type { FactOwner } from '../../../core/events/facts/fact-text.ts'
import {
  type Around,
  type Fact,
  type Facts,
  isTold,
  type Past,
} from '../../../core/events/facts/facts.ts'
import { EVENTS_PER_SIDE } from '../../../core/events/history.ts'
import { type EventId, idOfKey, keyOfId } from '../../../core/id.ts'
import { parseJson } from '../../../core/intake/json.ts'
import { type PackLine, rowsOf } from '../../../core/ledger/pack-line.ts'
import type { BatchDatabase } from '../../group-commit.ts'
import { LAST_KEY } from '../history.ts'
import { numberOfKind } from './kinds.ts'
import type { PackEnv } from './packs.ts'
import { readPacked } from './read.ts'

/** A contact's part of a history, of which events of some kinds (`missing`) may be in packs. `read`: what the parts make. */
export type Wanted = Pick<Past, 'missing'> & {
  owner: FactOwner
  hot: readonly Fact[]
  packed: Facts
  around: Around
  read: (packed: Facts, hot: readonly Fact[]) => Past
}

/** How often more is read, where what was read is in no history: inferred events, and rejected check-ins. */
const MAX_ROUNDS = 3

/** Returns the events of each part, in their order. At most `limit` events are read from packs. Throws like `readPacked`. */
export async function readMissing(
  env: { DB: BatchDatabase; ARCHIVE?: R2Bucket | undefined },
  wanted: readonly Wanted[],
  limit: number,
): Promise<Fact[][]> {
  const known = new Map(wanted.flatMap(knownIn).map((fact) => [fact.id, fact]))
  const places: { part: number; id: EventId }[] = []
  let left = limit
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const found = await listAround(env.DB, wanted, round)
    places.push(...found)
    const unread = [...new Set(found.map(({ id }) => id))].filter((id) => !known.has(id))
    const lines = [...(await readPacked(env as PackEnv, unread.slice(0, left))).values()]
    left -= unread.length
    const facts = lines.flatMap((line) => factOfLine(line) ?? [])
    for (const fact of facts) known.set(fact.id, fact)
    const isEnough = facts.every(({ event }) => event.type !== 'checkin.rejected')
    if (left <= 0 || (facts.length === lines.length && isEnough)) break
  }
  return wanted.map(({ read, hot, packed }, i) => {
    const more = places.flatMap(({ part, id }) => (part === i ? (known.get(id) ?? []) : []))
    return read(withoutBounds(packed), [...more, ...hot]).facts
  })
}

const knownIn = ({ hot, packed }: Wanted): Fact[] => [
  ...[...packed.values()].flatMap(({ facts }) => facts),
  ...hot,
]

/** The lists as if nothing were missing. */
function withoutBounds(packed: Facts): Facts {
  return new Map([...packed].map(([name, { facts }]) => [name, { facts }]))
}

function factOfLine(line: PackLine): Fact | undefined {
  const { event, at } = rowsOf(line).event
  if (line.status !== 'accepted' || event === null || at === null) return undefined
  const own = withCredibleTime(parseJson(event) as MembershipEvent)
  return { id: line.id, at, event: own, isTold: isTold(line.type, line.deliveries) }
}

/** SQL: a side of a kind, the nearest first. `?2` how many were read before. */
const sideOn = (range: string, order: string) => `
SELECT w.value ->> 'part' AS part, CAST(e.key AS TEXT) AS key FROM json_each(?1) AS w
CROSS JOIN packed_contacts AS c ON c.source = w.value ->> 'source' AND c.contact = w.value ->> 'contact'
CROSS JOIN packed_events AS e ON e.contact = c.number AND e.kind = w.value ->> 'kind' AND (e.at, e.key) IN (
  SELECT at, key FROM packed_events WHERE contact = c.number AND kind = w.value ->> 'kind' AND ${range}
    AND key <> CAST(w.value ->> 'event' AS INTEGER) AND key < CAST(COALESCE(w.value ->> 'before', '${LAST_KEY}') AS INTEGER)
  ORDER BY ${order} LIMIT ${EVENTS_PER_SIDE} OFFSET ?2)`

const AROUND = `${sideOn(`at <= w.value ->> 'at'`, 'at DESC, key DESC')}
UNION ALL${sideOn(`at > w.value ->> 'at'`, 'at, key')}`

/** Lists the packed events nearest to the time of each part and kind, after those of the rounds before. */
async function listAround(
  db: BatchDatabase,
  wanted: readonly Wanted[],
  round: number,
): Promise<{ part: number; id: EventId }[]> {
  const sides = wanted.flatMap(({ missing, owner, around: { at, event, before } }, part) =>
    missing.map((kind) => ({
      ...{ part, ...owner, kind: numberOfKind(kind), at, event: keyOfId(event) },
      before: before === undefined ? null : keyOfId(before),
    })),
  )
  const { results } = await db
    .prepare(AROUND)
    .bind(JSON.stringify(sides), round * EVENTS_PER_SIDE)
    .all<{ part: number; key: string }>()
  return results.map(({ part, key }) => ({ part, id: idOfKey(key) }))
}
