// Peers of an event of which some may be packed, as of one that is settled late or normalized again.
import type { MembershipEvent } from '../../../core/events/event.ts'
import { KEYS_PER_MS, keyOfId } from '../../../core/id.ts'
import { parseJson } from '../../../core/intake/json.ts'
import { type HistoryQuery, PEERS_WINDOW_MS, ROWS_OF_PEERS } from '../history.ts'
import type { PackEnv, PackRow } from './packs.ts'
import { listWindow, readWindow } from './window.ts'

/** What is read of a minute: it is in one block, or in two. */
const MAX_BLOCKS = 8

/** An event of the log near another: a row, or a line of a pack. */
type Near = {
  key: string
  status: string
  source: string
  contact: string | null
  vendor_type: string | null
  event: string | null
}

const nearest = (range: string, order: string) => `
SELECT * FROM (SELECT CAST(key AS TEXT) AS key, status, source, contact, vendor_type, event FROM events
  WHERE events.key ${range} ORDER BY events.key ${order} LIMIT ${ROWS_OF_PEERS})`
const HOT = `${nearest('>= CAST(?1 AS INTEGER) AND events.key < CAST(?2 AS INTEGER)', 'DESC')}
UNION ALL${nearest('> CAST(?2 AS INTEGER) AND events.key < CAST(?3 AS INTEGER)', 'ASC')}`

const WINDOW = BigInt(PEERS_WINDOW_MS) * BigInt(KEYS_PER_MS)

function rangeOf({ event, asOf }: HistoryQuery) {
  const own = BigInt(keyOfId(event))
  return { own, from: own - WINDOW + 1n, before: asOf === 'then' ? own : own + WINDOW }
}

/** The statement that lists the packs in which peers of an event may be, for `readPackedPeers`. */
export function listPacksOfPeers(db: D1Database, query: HistoryQuery): D1PreparedStatement {
  return listWindow(db, rangeOf(query))
}

/** Returns the peers of an event as a log has them in which nothing is packed. Throws like `readWindow`. */
export async function readPackedPeers(
  env: PackEnv,
  query: HistoryQuery,
  rows: readonly PackRow[],
): Promise<MembershipEvent[]> {
  const { own, from, before } = rangeOf(query)
  const { found } = await readWindow(
    env,
    { from, before },
    { rows, maxBlocks: MAX_BLOCKS },
    ({ event }): Near => (isPeer(event, query) ? event : { ...event, event: null }),
  )
  const bounds = [String(from), String(own), String(before)]
  const hot = await env.DB.prepare(HOT)
    .bind(...bounds)
    .all<Near>()
  const packed = found.map(({ value }) => value)
  const byKey = new Map([...packed, ...hot.results].map((one) => [one.key, one]))
  const all = [...byKey.values()].sort((a, b) => (BigInt(a.key) < BigInt(b.key) ? -1 : 1))
  const earlier = all.filter(({ key }) => BigInt(key) < own).slice(-ROWS_OF_PEERS)
  const later = all.filter(({ key }) => BigInt(key) > own).slice(0, ROWS_OF_PEERS)
  return [...earlier, ...later]
    .filter((one) => isPeer(one, query))
    .map(({ event }) => parseJson(event ?? '') as MembershipEvent)
}

function isPeer(one: Near, { source, claim, peers }: HistoryQuery): boolean {
  const isOther = one.contact !== null && one.contact !== claim.contact
  const isSame = one.status === 'accepted' && one.source === source && one.vendor_type === peers
  return isSame && isOther && one.contact !== claim.scoped && one.event !== null
}
