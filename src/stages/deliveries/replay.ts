// api, cron → the next deliveries of a replay by filter are made due, at its rate.
import { type Config, targetOf } from '../../config.ts'
import { dueOf, type ReplayFilter, roomFor } from '../../core/deliveries/replay.ts'
import {
  ID_RANDOM_RANGE,
  keyOfId,
  newEventId,
  type ReplayId,
  replayIdOfKey,
} from '../../core/id.ts'
import type { Env, Log } from '../../env.ts'
import {
  advanceReplay,
  countReplay,
  findNextMatches,
  type ReplayPlan,
} from '../../store/deliveries/replay-steps.ts'
import {
  createReplay,
  listRunningReplays,
  type Replay,
  type RunningReplay,
  setReplayState,
} from '../../store/deliveries/replays.ts'
import { sendAll } from './enqueue.ts'

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
  const replays = await listRunningReplays(env.DB)
  const looks = Math.max(1, Math.floor(MAX_LOOKS / replays.length))
  for (const replay of replays) await goOnAlone(env, config, replay, looks, now, log)
}

/** The targets that a filter names and nobody knows. */
export function unknownTargets({ targets = [] }: ReplayFilter, config: Config): string[] {
  return targets.filter((name) => targetOf(config, name) === undefined)
}

/** How many deliveries a filter matches, and for whom. */
export function planFor(
  { DB }: Pick<Env, 'DB'>,
  { targets }: Config,
  filter: ReplayFilter,
  now: number,
): Promise<ReplayPlan> {
  const known = targets.map(({ name }) => name)
  return countReplay(DB, filter, known, now)
}

/** Begins a replay of all that a filter matches, and gives what that was. */
export async function beginReplay(
  env: ReplayEnv,
  config: Config,
  filter: ReplayFilter,
  perSecond: number,
  { now, random, log }: { now: () => number; random: () => number; log: Log },
): Promise<{ id: ReplayId; plan: ReplayPlan }> {
  const plan = await planFor(env, config, filter, now())
  const random21 = Math.floor(random() * ID_RANDOM_RANGE)
  const id = replayIdOfKey(keyOfId(newEventId(now(), random21)))
  await createReplay(env.DB, { id, filter, perSecond, total: plan.total })
  await goOnWithReplay(env, config, id, now(), log)
  return { id, plan }
}

/** Stops a replay, or goes on with it. False when it is done. */
export async function steerReplayTo(
  env: ReplayEnv,
  config: Config,
  replay: Pick<Replay, 'id' | 'state'>,
  state: 'stopped' | 'running',
  { now, log }: { now: () => number; log: Log },
): Promise<boolean> {
  const hasMoved = await setReplayState(env.DB, replay.id, state, now())
  if (hasMoved && state === 'running') await goOnWithReplay(env, config, replay.id, now(), log)
  return hasMoved || replay.state === state
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
    const replay = (await listRunningReplays(env.DB)).find((one) => one.id === id)
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
  let position = replay.position
  for (let looks = 0; looks < maxLooks && count < room; looks++) {
    const current = { ...replay, position }
    const step = await findNextMatches(env.DB, current, targets, room - count)
    const due = (i: number) => dueOf(count + i, replay.perSecond, from)
    const deliveries = step.found.map((delivery, i) => ({ ...delivery, due: due(i) }))
    const nextDue = due(deliveries.length)
    const messages = await advanceReplay(env.DB, current, { ...step, deliveries, nextDue }, now)
    await sendAll(env.RETRIES, messages, now)
    count += deliveries.length
    position = step.position
    if (step.isEnd) break
  }
  return count
}
