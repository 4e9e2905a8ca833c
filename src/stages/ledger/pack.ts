// cron → settled events that are older than HOT_DAYS leave their rows: they are written as a pack, which is read back, and only
// then are the rows deleted. A cut between any two steps leaves events in both places, where their rows count, or bytes that
// no pack has, which a later run deletes.
import type { Config } from '../../config.ts'
import { type EventId, firstKeyAt } from '../../core/id.ts'
import { type LineStream, mergeLines } from '../../core/ledger/pack.ts'
import { lineOf } from '../../core/ledger/pack-line.ts'
import { HOUR_MS } from '../../core/period.ts'
import type { Tools } from '../../env.ts'
import { listHotEvents } from '../../store/events/packs/hot.ts'
import { getPack, type PackEnv } from '../../store/events/packs/packs.ts'
import { readLines } from '../../store/events/packs/read.ts'
import { dropOldIdentities } from '../../store/intake/packed-identities.ts'
import type { OwnedEvent } from '../../store/ledger/packs/facts.ts'
import { isChanged } from '../../store/ledger/packs/frozen.ts'
import { collect, listGarbage, retire } from '../../store/ledger/packs/garbage.ts'
import { isAnyPackable, type Packable, readPackable } from '../../store/ledger/packs/rows.ts'
import {
  endOfPacking,
  markUnchanged,
  type PackableSegment,
  readProgress,
  storePosition,
} from '../../store/ledger/packs/segment.ts'
import { deletePacked, putPack } from '../../store/ledger/packs/swap.ts'
import { newToken, writeVersion } from '../../store/ledger/packs/version.ts'
import { VENDORS } from '../../vendors/index.ts'
import type { Vendor } from '../../vendors/vendor.ts'
import { packedEventOf } from '../events/packed-facts.ts'

const DAY_MS = 24 * HOUR_MS

/** Until when a segment is begun, in milliseconds of a run; the next run comes in a minute. */
const RUN_MS = 12_000

/** Dead and cancelled deliveries are often replayed in their first days. */
const UNSETTLED_DAYS = 30

/** Events that a version adds to its segment's pack, and those whose rows are deleted in one transaction, which takes some 100 ms. */
const MAX_EVENTS = 20_000
const CHUNK = 500

/** Identities that are deleted in one run: more than are packed in a minute. */
const MAX_IDENTITIES = 25_000

const DELIVERY_HEADERS = Object.values(VENDORS).flatMap(
  ({ deliveryHeader }: Vendor) => deliveryHeader ?? [],
)

/** Versions whose bytes are deleted in one run. */
const MAX_GARBAGE = 20

/**
 * Runs once: goes on through the log, the earliest segment first, and once a day through what was left. Safe to run twice, or
 * beside itself. Throws the error of a segment that cannot be packed, after noting that it was looked at: the next run goes
 * on behind it.
 */
export async function pack(
  env: PackEnv,
  { hotDays }: Pick<Config, 'hotDays'>,
  tools: Tools,
): Promise<void> {
  const now = tools.now()
  const until = now - Math.max(hotDays * DAY_MS, HOUR_MS)
  const unsettledUntil = hotDays === 0 ? until : now - Math.max(hotDays, UNSETTLED_DAYS) * DAY_MS
  const unsettledBefore = firstKeyAt(unsettledUntil)
  const today = Math.floor(now / DAY_MS)
  let [segments, events] = [0, 0]
  for (let isFirst = true; tools.now() < now + RUN_MS; isFirst = false) {
    const { segment, day, hasGarbage } = await readProgress(env.DB, until)
    if (isFirst && hasGarbage) await collectGarbage(env, now)
    if (segment === undefined && day >= today) break
    const packed = segment
      ? await packNext(env, segment, unsettledBefore, tools).catch((error) => ({ error }))
      : 0
    await (segment ? storePosition(env.DB, segment.until, day) : storePosition(env.DB, 0, today))
    if (typeof packed === 'object') throw packed.error
    events += packed
    if (packed > 0) segments++
  }
  if (events === 0) return
  await dropOldIdentities(env.DB, now, MAX_IDENTITIES)
  tools.log({ at: 'pack', segments, events })
}

async function collectGarbage(env: PackEnv, now: number): Promise<void> {
  for (const version of await listGarbage(env, now, MAX_GARBAGE)) await collect(env, version)
}

/** Packs what may be packed of a segment. Returns how many events have left their rows. */
async function packNext(
  env: PackEnv,
  segment: PackableSegment,
  unsettledBefore: string,
  tools: Tools,
): Promise<number> {
  const [from, before] = [firstKeyAt(segment.start), firstKeyAt(segment.until)]
  const range = { from, before, unsettledBefore }
  if (!(await isAnyPackable(env.DB, range))) return 0
  const token = newToken(tools)
  // A segment that is still to be counted or posted is packed another day.
  if (!(await markUnchanged(env.DB, segment.start, token))) return 0
  try {
    return await packSegment(env, segment, range, token, tools)
  } catch (error) {
    if (!isChanged(error)) throw error
    tools.log({
      at: 'pack',
      segment: segment.start,
      note: 'it has changed; what is left is packed later',
    })
    return 0
  }
}

async function packSegment(
  env: PackEnv,
  segment: PackableSegment,
  range: Packable,
  token: number,
  tools: Tools,
): Promise<number> {
  const former = await getPack(env.DB, segment.start)
  const hot = new Set<EventId>(former ? await listHotEvents(env.DB, range) : [])
  const leaving: { key: string; facts: OwnedEvent | undefined }[] = []
  const lines = mergeLines(
    former ? readLines(env, former) : none(),
    packableLines(env, range, leaving),
    (id) => hot.has(id),
  )
  const written = await writeVersion(env, segment, lines, tools)
  await putPack(env.DB, written, former, tools.now())
  const identifying = { now: tools.now(), deliveryHeaders: DELIVERY_HEADERS }
  for (let i = 0; i < leaving.length; i += CHUNK) {
    const some = leaving.slice(i, i + CHUNK)
    const own = {
      keys: some.map(({ key }) => key),
      facts: some.flatMap(({ facts }) => facts ?? []),
    }
    await deletePacked(env, written, own, token, identifying)
  }
  await env.DB.batch(endOfPacking(env.DB, segment.start, token))
  if (former) await retire(env, former)
  return leaving.length
}

/** The lines of hot events that may be packed; their keys and what is kept of them are added to `leaving`. */
async function* packableLines(
  env: PackEnv,
  range: Packable,
  leaving: { key: string; facts: OwnedEvent | undefined }[],
): LineStream {
  let from = range.from
  while (leaving.length < MAX_EVENTS) {
    const rows = await readPackable(env, { ...range, from })
    const last = rows.at(-1)
    if (last === undefined) return
    leaving.push(...rows.map((row) => ({ key: row.event.key, facts: packedEventOf(row) })))
    yield rows.map(lineOf)
    from = String(BigInt(last.event.key) + 1n)
  }
}

async function* none(): LineStream {}
