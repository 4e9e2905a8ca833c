// cron → a busy hour is cut, and segments that have ended and changed are counted and posted again.
import type { Env, Log } from '../env.ts'
import { countSegments } from '../store/ledger.ts'
import { postSegments } from '../store/postings.ts'
import { cutSegment, listSegmentsToBe } from '../store/segments.ts'

/**
 * Runs once; the next run comes in a minute, and what is not counted by then is read from the log. Safe to run twice, or
 * beside itself. At most 15 queries: with all else that a minute asks of D1 they must stay below the 50 of a request on
 * the free plan. `now` in epoch milliseconds.
 */
export async function rollUp(env: Pick<Env, 'DB'>, now: number, log: Log): Promise<void> {
  await cutSegment(env.DB, now)
  const uncounted = await listSegmentsToBe('counted', env.DB, now)
  if (uncounted.length > 0) await countSegments(env.DB, uncounted)
  const unposted = await listSegmentsToBe('posted', env.DB, now)
  if (unposted.length > 0) await postSegments(env.DB, unposted)
  if (uncounted.length + unposted.length > 0) {
    log({ at: 'rollup', counted: uncounted.length, posted: unposted.length })
  }
}
