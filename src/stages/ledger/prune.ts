// cron → events past their retention leave the log: their bytes first, the events later. A shorter retention waits a day.
import type { Config } from '../../config.ts'
import { firstKeyAt } from '../../core/id.ts'
import { nextRetention, type Retention } from '../../core/ledger/retention.ts'
import { HOUR_MS } from '../../core/period.ts'
import type { Env, Tools } from '../../env.ts'
import { pruneEvents, pruneRawBodies, startPruneDay } from '../../store/ledger/prune.ts'
import { getRetention, storeRetention } from '../../store/ledger/retention.ts'

/** Events of one transaction: it takes some 50 ms, for which requests wait that write. */
const CHUNK = 250

/** Transactions of one run, for events and for bytes each; the next comes in a minute. */
const MAX_A_RUN = 4

const DAY_MS = 24 * HOUR_MS

/** Runs once. Safe to run twice, or beside itself. Reads a few rows when nothing is due. */
export async function prune(
  env: Pick<Env, 'DB'>,
  config: RetentionConfig,
  tools: Tools,
): Promise<void> {
  const now = tools.now()
  const retention = await obeyedRetention(env.DB, config, now)
  if (retention === undefined) return
  const { days: retentionDays, rawDays: rawRetentionDays } = retention
  // By whole hours, as the ledger counts.
  const keyBefore = (days: number) =>
    firstKeyAt(Math.floor((now - days * DAY_MS) / HOUR_MS) * HOUR_MS)
  await startPruneDay(env.DB, Math.floor(now / DAY_MS), keyBefore(retentionDays), now)
  const raws = await repeat(() => pruneRawBodies(env.DB, keyBefore(rawRetentionDays), CHUNK))
  const events = await repeat(() => pruneEvents(env.DB, keyBefore(retentionDays), CHUNK))
  if (events + raws > 0) tools.log({ at: 'prune', events, raws })
}

type RetentionConfig = Pick<Config, 'retentionDays' | 'rawRetentionDays' | 'isRetentionReadable'>

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
