// cron → a busy hour is cut into segments; segments that have ended and changed are counted and posted again.
import type { Env, Log, Tools } from '../../env.ts'
import { isTooLarge, markNotPosted, postSegments } from '../../store/events/postings.ts'
import { countSegments } from '../../store/ledger/ledger.ts'
import { cutSegment, listPendingSegments } from '../../store/segments.ts'

/**
 * Runs once; the next run comes in a minute. Segments that are not counted by then are read from the log. Safe to run
 * twice, or beside itself. At most 23 queries: with the rest of the cron they stay below the 50 of an invocation on the
 * free plan.
 */
export async function rollUp(env: Pick<Env, 'DB'>, { now: clock, log }: Tools): Promise<void> {
  const now = clock()
  await cutSegment(env.DB, now)
  const uncounted = await listPendingSegments(env.DB, 'counted', now)
  if (uncounted.length > 0) await countSegments(env.DB, uncounted)
  const unposted = await listPendingSegments(env.DB, 'posted', now)
  if (unposted.length > 0) await post(env.DB, unposted, log)
  if (uncounted.length + unposted.length > 0) {
    log({ at: 'rollup', counted: uncounted.length, posted: unposted.length })
  }
}

/** Posts segments, the latest first. One that is too large must not stop the others: one a run is given up. */
async function post(db: D1Database, starts: readonly number[], log: Log): Promise<void> {
  const [latest] = starts
  try {
    await postSegments(db, starts)
  } catch (error) {
    if (!isTooLarge(error) || latest === undefined) throw error
    await postSegments(db, [latest]).catch(async (fault) => {
      if (!isTooLarge(fault)) throw fault
      await markNotPosted(db, latest)
      log({
        at: 'rollup',
        fault: 'a segment is not posted: lists look through it',
        detail: String(fault),
      })
    })
  }
}
