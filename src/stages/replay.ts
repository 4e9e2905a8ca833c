// api, cron → the next deliveries of a replay by filter are made due, at its rate.
import type { Config } from '../config.ts'
import { dueOf, roomFor } from '../core/replay.ts'
import type { Env, Log } from '../env.ts'
import { advanceReplay, lookOn } from '../store/replay-steps.ts'
import { listRunning, type RunningReplay } from '../store/replays.ts'
import { sendAll } from './sending.ts'

/** How often one run looks for deliveries of a replay of which few match; the next comes in a minute. */
const MAX_LOOKS = 10

type ReplayEnv = Pick<Env, 'DB' | 'RETRIES'>

/** Goes on with every replay that is not done. Safe to run twice, or beside itself. `now` in epoch milliseconds. */
export async function goOnWithReplays(
  env: ReplayEnv,
  config: Config,
  now: number,
  log: Log,
): Promise<void> {
  for (const replay of await listRunning(env.DB)) {
    const count = await goOn(env, config, replay, now)
    log({ at: 'replay', replay: replay.id, replayed: count })
  }
}

/** Makes deliveries due until a little after the next run; gives how many. */
async function goOn(
  env: ReplayEnv,
  config: Config,
  replay: RunningReplay,
  now: number,
): Promise<number> {
  const targets = config.targets.map(({ name }) => name)
  const from = Math.max(replay.nextDue, now)
  const room = roomFor(replay.perSecond, from, now)
  let count = 0
  let place = replay.place
  for (let looks = 0; looks < MAX_LOOKS && count < room; looks++) {
    const here = { ...replay, place }
    const look = await lookOn(env.DB, here, targets, room - count)
    const due = (i: number) => dueOf(count + i, replay.perSecond, from)
    const deliveries = look.found.map((delivery, i) => ({ ...delivery, due: due(i) }))
    const nextDue = due(deliveries.length)
    const messages = await advanceReplay(env.DB, here, look, deliveries, nextDue, now)
    await sendAll(env.RETRIES, messages, now)
    count += deliveries.length
    place = look.place
    if (look.isEnd) break
  }
  return count
}
