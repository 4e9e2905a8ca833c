// cron → events past their retention leave the log: their bytes first, the events later. A shorter retention waits a day.
import type { Config } from '../../config.ts'
import { firstKeyAt } from '../../core/id.ts'
import { isShortOfSpace } from '../../core/ledger/database.ts'
import { nextRetention, type Retention } from '../../core/ledger/retention.ts'
import { HOUR_MS } from '../../core/period.ts'
import type { Tools } from '../../env.ts'
import type { PackEnv } from '../../store/events/packs/packs.ts'
import { pruneEvents, pruneRawBodies, startPruneDay } from '../../store/ledger/prune.ts'
import { pruneLargeBodies } from '../../store/ledger/prune-bodies.ts'
import { readRelayState } from '../../store/ledger/relay-state.ts'
import { getRetention, isAnythingDue, storeRetention } from '../../store/ledger/retention.ts'
import { prunePacks } from './prune-packs.ts'

/** Events of one transaction: it takes some 50 ms, for which requests wait that write. */
const CHUNK = 250

/** Transactions of one run, for events and for bytes each; the next comes in a minute. */
const MAX_A_RUN = 4

/** Large bodies of one run: each takes two statements, and more where its deliveries have bodies. */
const LARGE_A_RUN = 10

const DAY_MS = 24 * HOUR_MS

type RetentionConfig = Pick<Config, 'retentionDays' | 'rawRetentionDays' | 'isRetentionReadable'>
type Settings = RetentionConfig & Pick<Config, 'rawRetentionMinDays' | 'databaseBytes'>

/**
 * Runs once. Safe to run twice, or beside itself. Reads a few rows when nothing is due. When the database is nearly full, bytes
 * go early, the oldest first, until there is room. They go before events, as that takes no new page of a full database. Large
 * ones do not go early: their events would take more without them.
 */
export async function prune(env: PackEnv, settings: Settings, tools: Tools): Promise<void> {
  const now = tools.now()
  const retention = await obeyedRetention(env.DB, settings, now)
  if (retention === undefined) return
  const { state, bytes } = await readRelayState(env.DB)
  const isShort = isShortOfSpace(state.isShortOfSpace, bytes, settings.databaseBytes)
  const { days } = retention
  const rawDays = Math.min(retention.rawDays, isShort ? settings.rawRetentionMinDays : Infinity)
  // By whole hours, as the ledger counts.
  const timeBefore = (days: number) => Math.floor((now - days * DAY_MS) / HOUR_MS) * HOUR_MS
  const early = isShort ? timeBefore(rawDays) : undefined
  const packs = { before: timeBefore(days), rawBefore: timeBefore(retention.rawDays), early }
  const today = Math.floor(now / DAY_MS)
  if (!(await isAnythingDue(env.DB, { ...packs, today }))) return
  await startPruneDay(env.DB, today, firstKeyAt(timeBefore(days)), now)
  const raws = await repeat(() => pruneRawBodies(env.DB, firstKeyAt(timeBefore(rawDays)), CHUNK))
  const { dropped, stripped, kept } = await prunePacks(env, packs, tools)
  // What is hot in the time of a pack goes after the pack.
  const before = firstKeyAt(Math.min(timeBefore(days), kept ?? Number.POSITIVE_INFINITY))
  const events = dropped + (await repeat(() => pruneEvents(env.DB, before, CHUNK, env.ARCHIVE)))
  const rawBefore = firstKeyAt(timeBefore(retention.rawDays))
  const large = await pruneLargeBodies(env.DB, rawBefore, LARGE_A_RUN, env.ARCHIVE)
  if (events + raws + stripped + large === 0) return
  const shortage = isShort ? { short_of_space: true, days: rawDays } : {}
  tools.log({ at: 'prune', events, raws: raws + stripped + large, ...shortage })
}

/** The retention as it is configured, or as it was before while that is shorter, for a day, or cannot be read. */
async function obeyedRetention(
  db: D1Database,
  { retentionDays, rawRetentionDays, isRetentionReadable }: RetentionConfig,
  now: number,
): Promise<Retention | undefined> {
  const memory = await getRetention(db)
  const configured = isRetentionReadable
    ? { days: retentionDays, rawDays: rawRetentionDays }
    : undefined
  const next = nextRetention(memory, configured, now)
  if (next !== memory) await storeRetention(db, next)
  return next.kept
}

/** Repeats a step until it has nothing to do, or `MAX_A_RUN` times. Returns the sum of what it did. */
async function repeat(step: () => Promise<number | undefined>): Promise<number> {
  let sum = 0
  for (let i = 0; i < MAX_A_RUN; i++) {
    const done = await step()
    if (done === undefined) break
    sum += done
  }
  return sum
}
