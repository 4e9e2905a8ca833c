// cron → overdue deliveries get a new message.
import { type Config, timeoutsOf } from '../../config.ts'
import type { DeliveryMessage } from '../../core/deliveries/delivery.ts'
import { overdueMarginMs } from '../../core/deliveries/lease.ts'
import { firstKeyAt } from '../../core/id.ts'
import type { Env, Tools } from '../../env.ts'
import { claimOverdue, unclaimOverdue } from '../../store/deliveries/overdue.ts'
import { readWaiting, watchFresh } from '../../store/deliveries/waiting.ts'
import { trySending } from './enqueue.ts'

/** Deliveries of the first statement, which shows whether D1 and the queue take anything, and of each that follows. */
const FIRST_CHUNK = 50
const CHUNK = 2500

/** Deliveries of one run and one queue; the next run comes in a minute. */
const MAX_A_RUN = 20_000

/** Hours of the log that a run comes past: one, unless the cron has paused. */
const MAX_HOURS = 3

type SweepEnv = Pick<Env, 'DB' | 'DELIVERIES' | 'RETRIES'>

/**
 * Sends new messages until a time (epoch milliseconds), each queue by itself. Sends none while D1 refuses writes: the
 * consumers could not record anything either, and the messages would only add to those that wait. Returns how many it sent.
 */
export async function sendOverdue(
  env: SweepEnv,
  config: Config,
  until: number,
  tools: Tools,
): Promise<number> {
  const margin = overdueMarginMs(timeoutsOf(config))
  const { isAnyOverdue, isAnyAhead } = await readWaiting(env.DB, tools.now() - margin)
  const ahead = isAnyAhead ? [watch(env.DB, tools.now() - margin)] : []
  // What fails here must not hold back what is watched already.
  const [watched = { status: 'fulfilled', value: 0 }] = await Promise.allSettled(ahead)
  const isAny = isAnyOverdue || (watched.status === 'fulfilled' && watched.value > 0)
  const sent = isAny ? await sendWatched(env, { margin, until }, tools) : 0
  if (watched.status === 'rejected') throw watched.reason
  return sent
}

async function sendWatched(
  env: SweepEnv,
  { margin, until }: { margin: number; until: number },
  tools: Tools,
): Promise<number> {
  const sent = await Promise.allSettled([
    sendOf(env.DB, env.DELIVERIES, { isFirst: true, margin, until }, tools),
    sendOf(env.DB, env.RETRIES, { isFirst: false, margin, until }, tools),
  ])
  return sent.reduce((sum, result) => {
    if (result.status === 'rejected') throw result.reason
    return sum + result.value
  }, 0)
}

/**
 * Comes past the events that were received before a time (epoch milliseconds); after a pause of the cron it takes some runs.
 * Returns how many deliveries wait there.
 */
async function watch(db: D1Database, before: number): Promise<number> {
  let sum = 0
  for (let i = 0; i < MAX_HOURS; i++) {
    const { watched, isMore } = await watchFresh(db, firstKeyAt(before))
    sum += watched
    if (!isMore) break
  }
  return sum
}

async function sendOf(
  db: D1Database,
  queue: Queue<DeliveryMessage>,
  { isFirst, margin, until }: { isFirst: boolean; margin: number; until: number },
  { now: clock, log }: Tools,
): Promise<number> {
  const now = clock()
  let sent = 0
  for (let chunk = FIRST_CHUNK; sent < MAX_A_RUN && clock() < until; chunk = CHUNK) {
    const limit = Math.min(chunk, MAX_A_RUN - sent)
    const claimed = await claimOverdue(db, { isFirst, before: now - margin, now, limit })
    const { left, fault } = await trySending(queue, claimed, now)
    sent += claimed.length - left.length
    if (left.length > 0) {
      const line = 'a queue did not take the messages; the next run will send them'
      log({ at: 'sweep', fault: line, detail: String(fault) })
      await unclaimOverdue(db, left, now)
    }
    if (left.length > 0 || claimed.length < limit) break
  }
  return sent
}
