// api, cron → the next deliveries of a replay by filter are made due, at its rate.
import type { Config } from '../config.ts'
import type { ReplayId } from '../core/id.ts'
import { dueOf, roomFor } from '../core/replay.ts'
import type { Env, Log } from '../env.ts'
import { advanceReplay, lookOn } from '../store/replay-steps.ts'
import { listRunning, type RunningReplay } from '../store/replays.ts'
import { sendAll } from './sending.ts'

/**
 * How often one run looks for deliveries of replays of which few match, shared by them, each once at least; the next
 * comes in a minute.
 */
const MAX_LOOKS = 10

type ReplayEnv = Pick<Env, 'DB' | 'RETRIES'>

/** Goes on with every replay that is not done. Safe to run twice, or beside itself. `now` in epoch milliseconds. */
export async function goOnWithReplays(
  env: ReplayEnv,
  config: Config,
  now: number,
  log: Log,
): Promise<void> {
  const replays = await listRunning(env.DB)
  const looks = Math.max(1, Math.floor(MAX_LOOKS / replays.length))
  for (const replay of replays) await goOnAlone(env, config, replay, looks, now, log)
}

/** Goes on with one replay at once, if it is not done; the cron does what fails here. */
export async function goOnWithReplay(
  env: ReplayEnv,
  config: Config,
  id: ReplayId,
  now: number,
  log: Log,
): Promise<void> {
  try {
    const replay = (await listRunning(env.DB)).find((one) => one.id === id)
    if (replay !== undefined) await goOnAlone(env, config, replay, MAX_LOOKS, now, log)
  } catch (error) {
    log({ at: 'replay', replay: id, fault: FAULT, detail: String(error) })
  }
}

const FAULT = 'a replay could not go on; the next run will'

/** Goes on with a replay. When it fails, those after it go on all the same. */
async function goOnAlone(
  env: ReplayEnv,
  config: Config,
  replay: RunningReplay,
  maxLooks: number,
  now: number,
  log: Log,
): Promise<void> {
  try {
    const count = await goOn(env, config, replay, maxLooks, now)
    log({ at: 'replay', replay: replay.id, replayed: count })
  } catch (error) {
    log({ at: 'replay', replay: replay.id, fault: FAULT, detail: String(error) })
  }
}

/** Makes deliveries due until a little after the next run; gives how many. */
async function goOn(
  env: ReplayEnv,
  config: Config,
  replay: RunningReplay,
  maxLooks: number,
  now: number,
): Promise<number> {
  const targets = config.targets.map(({ name }) => name)
  const from = Math.max(replay.nextDue, now)
  const room = roomFor(replay.perSecond, from, now)
  let count = 0
  let place = replay.place
  for (let looks = 0; looks < maxLooks && count < room; looks++) {
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
