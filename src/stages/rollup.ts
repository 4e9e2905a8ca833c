// cron → the hours that have ended and changed are counted again.
import type { Env, Log } from '../env.ts'
import { countHour, listUncounted } from '../store/ledger.ts'

/**
 * Hours that one run counts; the next comes in a minute, and what is not counted is read from the log. An hour takes a
 * dozen queries, and with all else that a minute asks they must stay below the 50 of a request on the free plan.
 */
const MAX_A_RUN = 2

/** Runs once. Safe to run twice, or beside itself. `now` in epoch milliseconds. */
export async function rollUp(env: Pick<Env, 'DB'>, now: number, log: Log): Promise<void> {
  const hours = await listUncounted(env.DB, now, MAX_A_RUN)
  for (const hour of hours) await countHour(env.DB, hour)
  if (hours.length > 0) log({ at: 'rollup', hours })
}
