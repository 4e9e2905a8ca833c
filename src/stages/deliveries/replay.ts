// api, cron → the next deliveries of a replay by filter become due, at its rate.
import { type Config, isEveryTargetKnown, targetOf } from '../../config.ts'
import { dueOf, type ReplayFilter, roomFor } from '../../core/deliveries/replay.ts'
import {
  ID_RANDOM_RANGE,
  keyOfId,
  newEventId,
  type ReplayId,
  replayIdOfKey,
} from '../../core/id.ts'
import type { Env, Tools } from '../../env.ts'
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
import { sendMessages } from './enqueue.ts'

/** Searches for matches in one run, shared by all replays, at least one each; the next run is a minute later. */
const MAX_SEARCHES = 10

const FAULT = 'a replay could not continue; the next run will'

type ReplayEnv = Pick<Env, 'DB' | 'RETRIES'>

/** Continues every running replay. Safe to run twice, or beside itself. */
export async function continueReplays(env: ReplayEnv, config: Config, tools: Tools): Promise<void> {
  const replays = await listRunningReplays(env.DB)
  const searches = Math.max(1, Math.floor(MAX_SEARCHES / replays.length))
  for (const replay of replays) await continueOne(env, config, replay, searches, tools)
}

/** The targets of a filter that are not configured. */
export function unknownTargets({ targets = [] }: ReplayFilter, config: Config): string[] {
  return targets.filter((name) => targetOf(config, name) === undefined)
}

/** The number of deliveries that a filter matches, by target. `now` in epoch milliseconds. */
export function planFor(
  { DB }: Pick<Env, 'DB'>,
  { targets }: Config,
  filter: ReplayFilter,
  now: number,
): Promise<ReplayPlan> {
  const known = targets.map(({ name }) => name)
  return countReplay(DB, filter, known, now)
}

/** Starts a replay of all that a filter matches. Returns its id and that number. */
export async function startReplay(
  env: ReplayEnv,
  config: Config,
  filter: ReplayFilter,
  perSecond: number,
  tools: Tools,
): Promise<{ id: ReplayId; plan: ReplayPlan }> {
  const plan = await planFor(env, config, filter, tools.now())
  const random = Math.floor(tools.random() * ID_RANDOM_RANGE)
  const id = replayIdOfKey(keyOfId(newEventId(tools.now(), random)))
  await createReplay(env.DB, { id, filter, perSecond, total: plan.total })
  await continueNow(env, config, id, tools)
  return { id, plan }
}

/** Stops a replay, or resumes it. False when it is done. */
export async function setReplayTo(
  env: ReplayEnv,
  config: Config,
  replay: Pick<Replay, 'id' | 'state'>,
  state: 'stopped' | 'running',
  tools: Tools,
): Promise<boolean> {
  const hasChanged = await setReplayState(env.DB, replay.id, state, tools.now())
  if (hasChanged && state === 'running') await continueNow(env, config, replay.id, tools)
  return hasChanged || replay.state === state
}

/** Continues one replay at once, if it is running. The cron makes up for a failure. */
async function continueNow(
  env: ReplayEnv,
  config: Config,
  id: ReplayId,
  tools: Tools,
): Promise<void> {
  try {
    const replay = (await listRunningReplays(env.DB)).find((one) => one.id === id)
    if (replay !== undefined) await continueOne(env, config, replay, MAX_SEARCHES, tools)
  } catch (error) {
    tools.log({ at: 'replay', replay: id, fault: FAULT, detail: String(error) })
  }
}

/** Continues a replay. A failure is logged, so that those after it continue all the same. */
async function continueOne(
  env: ReplayEnv,
  config: Config,
  replay: RunningReplay,
  maxSearches: number,
  { now, log }: Tools,
): Promise<void> {
  try {
    const count = await makeDue(env, config, replay, maxSearches, now())
    log({ at: 'replay', replay: replay.id, replayed: count })
  } catch (error) {
    log({ at: 'replay', replay: replay.id, fault: FAULT, detail: String(error) })
  }
}

/** Makes deliveries due until a little after the next run. Returns how many. */
async function makeDue(
  env: ReplayEnv,
  config: Config,
  replay: RunningReplay,
  maxSearches: number,
  now: number,
): Promise<number> {
  // While TARGETS cannot be read, it waits: it would pass over deliveries to targets that are configured.
  if (!isEveryTargetKnown(config)) return 0
  const targets = config.targets.map(({ name }) => name)
  const from = Math.max(replay.nextDue, now)
  const room = roomFor(replay.perSecond, from, now)
  let count = 0
  let position = replay.position
  for (let searches = 0; searches < maxSearches && count < room; searches++) {
    const current = { ...replay, position }
    const step = await findNextMatches(env.DB, current, targets, room - count)
    const due = (i: number) => dueOf(count + i, replay.perSecond, from)
    const deliveries = step.found.map((delivery, i) => ({ ...delivery, due: due(i) }))
    const nextDue = due(deliveries.length)
    const messages = await advanceReplay(env.DB, current, { ...step, deliveries, nextDue }, now)
    await sendMessages(env.RETRIES, messages, now)
    count += deliveries.length
    position = step.position
    if (step.isEnd) break
  }
  return count
}
