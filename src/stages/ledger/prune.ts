// cron → events past their retention leave the log: their bytes first, the events later.
import type { Config } from '../../config.ts'
import { firstKeyAt } from '../../core/id.ts'
import { isShortOfSpace } from '../../core/ledger/database.ts'
import { HOUR_MS } from '../../core/period.ts'
import type { Env, Tools } from '../../env.ts'
import { pruneEvents, pruneRawBodies, startPruneDay } from '../../store/ledger/prune.ts'
import { readRelayState } from '../../store/ledger/relay-state.ts'

/** Events of one transaction: it takes some 50 ms, for which requests wait that write. */
const CHUNK = 250

/** Transactions of one run, for events and for bytes each; the next comes in a minute. */
const MAX_A_RUN = 4

const DAY_MS = 24 * HOUR_MS

type Settings = Pick<
  Config,
  'retentionDays' | 'rawRetentionDays' | 'rawRetentionMinDays' | 'databaseBytes'
>

/**
 * Runs once. Safe to run twice, or beside itself. Reads a few rows when nothing is due. When the database is nearly full, bytes
 * go early, the oldest first, until there is room. They go before events, as that takes no new page of a full database.
 */
export async function prune(env: Pick<Env, 'DB'>, settings: Settings, tools: Tools): Promise<void> {
  const now = tools.now()
  const { state, bytes } = await readRelayState(env.DB)
  const isShort = isShortOfSpace(state.isShortOfSpace, bytes, settings.databaseBytes)
  const rawDays = isShort ? settings.rawRetentionMinDays : settings.rawRetentionDays
  // By whole hours, as the ledger counts.
  const keyBefore = (days: number) =>
    firstKeyAt(Math.floor((now - days * DAY_MS) / HOUR_MS) * HOUR_MS)
  await startPruneDay(env.DB, Math.floor(now / DAY_MS), keyBefore(settings.retentionDays), now)
  const raws = await repeat(() => pruneRawBodies(env.DB, keyBefore(rawDays), CHUNK))
  const events = await repeat(() => pruneEvents(env.DB, keyBefore(settings.retentionDays), CHUNK))
  if (events + raws === 0) return
  const early = isShort ? { short_of_space: true, days: rawDays } : {}
  tools.log({ at: 'prune', events, raws, ...early })
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
