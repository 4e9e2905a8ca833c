// cron → events past their retention leave the log: their bytes first, the events later.
import type { Config } from '../../config.ts'
import { firstKeyAt } from '../../core/id.ts'
import { HOUR_MS } from '../../core/period.ts'
import type { Env, Tools } from '../../env.ts'
import { pruneEvents, pruneRawBodies, startPruneDay } from '../../store/ledger/prune.ts'

/** Events of one transaction: it takes some 50 ms, for which requests wait that write. */
const CHUNK = 250

/** Transactions of one run, for events and for bytes each; the next comes in a minute. */
const MAX_A_RUN = 4

const DAY_MS = 24 * HOUR_MS

/** Runs once. Safe to run twice, or beside itself. Reads a few rows when nothing is due. */
export async function prune(
  env: Pick<Env, 'DB'>,
  { retentionDays, rawRetentionDays }: Pick<Config, 'retentionDays' | 'rawRetentionDays'>,
  tools: Tools,
): Promise<void> {
  const now = tools.now()
  // By whole hours, as the ledger counts.
  const keyBefore = (days: number) =>
    firstKeyAt(Math.floor((now - days * DAY_MS) / HOUR_MS) * HOUR_MS)
  await startPruneDay(env.DB, Math.floor(now / DAY_MS), keyBefore(retentionDays), now)
  const raws = await repeat(() => pruneRawBodies(env.DB, keyBefore(rawRetentionDays), CHUNK))
  const events = await repeat(() => pruneEvents(env.DB, keyBefore(retentionDays), CHUNK))
  if (events + raws > 0) tools.log({ at: 'prune', events, raws })
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
