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
  addToTotal,
  countPart,
  type ReplayCounts,
  sumsOf,
} from '../../store/deliveries/replays/count.ts'
import { findNextMatches } from '../../store/deliveries/replays/find.ts'
import {
  createReplay,
  keyBoundsOf,
  listRunningReplays,
  type Replay,
  type RunningReplay,
  setReplayState,
} from '../../store/deliveries/replays/replays.ts'
import { advanceReplay } from '../../store/deliveries/replays/steps.ts'
import type { PackEnv } from '../../store/events/packs/packs.ts'
import { writeAnew } from '../../store/intake/records.ts'
import { restoreEvents } from '../../store/ledger/packs/restore.ts'
import { isOutOfStatements } from '../jobs.ts'
import { sendMessages, sharedQueue } from './enqueue.ts'

/** Searches for matches in one run, shared by all replays, at least one each; the next run is a minute later. */
const MAX_SEARCHES = 10

/**
 * Parts of the log that a request counts, and a run of the cron for each replay, which counts the others, those of packs
 * twice; and the searches of a request. It has 50 statements on the free plan: a part takes four, of packs some ten; a search six,
 * of packs more.
 */
const MAX_PARTS_AT_ONCE = 6
const MAX_PARTS_A_RUN = 5
const AT_ONCE = { parts: 0, searches: 3 }

const FAULT = 'a replay could not continue; the next run will'

type ReplayEnv = Pick<Env, 'DB' | 'RETRIES' | 'ARCHIVE'>

/** Continues every running replay. Safe to run twice, or beside itself. */
export async function continueReplays(
  bindings: ReplayEnv,
  config: Config,
  tools: Tools,
): Promise<void> {
  const env = { ...bindings, RETRIES: sharedQueue(bindings.RETRIES) }
  const replays = await listRunningReplays(env.DB)
  const searches = Math.max(1, Math.floor(MAX_SEARCHES / replays.length))
  const most = { parts: MAX_PARTS_A_RUN, searches }
  for (const replay of replays) await continueOne(env, config, replay, most, tools)
}

/** The targets of a filter that are not configured. */
export function unknownTargets({ targets = [] }: ReplayFilter, config: Config): string[] {
  return targets.filter((name) => targetOf(config, name) === undefined)
}

/** What a replay would send: its deliveries, and the number of their contacts (`people`). `counted`: whether this is all. */
export type ReplayPlan = ReplayCounts & { people: number; counted: boolean }

/** The deliveries that a filter matches, in the first parts of its period. `now` in epoch milliseconds. */
export async function planFor(
  env: PackEnv,
  config: Config,
  filter: ReplayFilter,
  now: number,
): Promise<ReplayPlan> {
  return (await countFirst(env, config, filter, now)).plan
}

/** Counts the first parts of the period of a filter. Returns the first key that is not counted too, if there is one. */
async function countFirst(
  env: PackEnv,
  config: Config,
  filter: ReplayFilter,
  now: number,
): Promise<{ plan: ReplayPlan; uncounted: string | undefined }> {
  const targets = config.targets.map(({ name }) => name)
  const [start, before] = keyBoundsOf(filter, now)
  const groups = []
  const contacts = new Set<string>()
  let first: string | undefined = start
  // While TARGETS cannot be read, nothing can be counted.
  const most = isEveryTargetKnown(config) ? MAX_PARTS_AT_ONCE : 0
  for (let parts = 0; parts < most && first !== undefined; ) {
    const part = await countPart(env, filter, targets, { first, before })
    parts += part.isPacked ? 2 : 1
    groups.push(...part.groups)
    for (const contact of part.contacts) contacts.add(contact)
    first = part.next
  }
  const plan = { ...sumsOf(groups), people: contacts.size, counted: first === undefined }
  return { plan, uncounted: first }
}

/** Starts a replay of all that a filter matches. Returns its id and that number. */
export async function startReplay(
  env: ReplayEnv,
  config: Config,
  filter: ReplayFilter,
  perSecond: number,
  tools: Tools,
): Promise<{ id: ReplayId; plan: ReplayPlan }> {
  const { plan, uncounted } = await countFirst(env, config, filter, tools.now())
  const id = await writeAnew(async () => {
    const random = Math.floor(tools.random() * ID_RANDOM_RANGE)
    const id = replayIdOfKey(keyOfId(newEventId(tools.now(), random)))
    await createReplay(env.DB, { id, filter, perSecond, total: plan.total, uncounted })
    return id
  })
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
    if (replay !== undefined) await continueOne(env, config, replay, AT_ONCE, tools)
  } catch (error) {
    tools.log({ at: 'replay', replay: id, fault: FAULT, detail: String(error) })
  }
}

/** Continues a replay. A failure is logged, so that those after it continue all the same. */
async function continueOne(
  env: ReplayEnv,
  config: Config,
  replay: RunningReplay,
  most: { parts: number; searches: number },
  { now, log }: Tools,
): Promise<void> {
  // While TARGETS cannot be read, it waits: it would pass over deliveries to targets that are configured.
  if (!isEveryTargetKnown(config)) return
  try {
    const uncounted = await countNext(env, config, replay, most.parts)
    // What is not counted yet is not sent yet either.
    const isCounted = uncounted === undefined
    const counted = isCounted ? replay : { ...replay, before: uncounted }
    const count = await makeDue(env, config, { counted, isCounted }, most.searches, now())
    log({ at: 'replay', replay: replay.id, replayed: count })
  } catch (error) {
    if (isOutOfStatements(error)) throw error
    log({ at: 'replay', replay: replay.id, fault: FAULT, detail: String(error) })
  }
}

/** Counts the next parts of a replay's period. Returns the first key that is not counted; undefined when all are. */
async function countNext(
  env: PackEnv,
  { targets }: Config,
  replay: RunningReplay,
  maxParts: number,
): Promise<string | undefined> {
  const names = targets.map(({ name }) => name)
  const filter = JSON.parse(replay.filter) as ReplayFilter
  let { uncounted } = replay
  for (let parts = 0; parts < maxParts && uncounted !== undefined; ) {
    const keys = { first: uncounted, before: replay.before }
    const part = await countPart(env, filter, names, keys)
    parts += part.isPacked ? 2 : 1
    await addToTotal(env.DB, { id: replay.id, uncounted }, part)
    uncounted = part.next
  }
  return uncounted
}

/**
 * Makes deliveries of the counted part due until a little after the next run. Returns how many. The replay ends with that
 * part only if all is counted.
 */
async function makeDue(
  env: ReplayEnv,
  config: Config,
  { counted: replay, isCounted }: { counted: RunningReplay; isCounted: boolean },
  maxSearches: number,
  now: number,
): Promise<number> {
  const targets = config.targets.map(({ name }) => name)
  const from = Math.max(replay.nextDue, now)
  const room = roomFor(replay.perSecond, from, now)
  let count = 0
  let position = replay.position
  for (let searches = 0; searches < maxSearches && count < room; searches++) {
    const current = { ...replay, position }
    const found = await findNextMatches(env, current, targets, room - count)
    await restoreEvents(
      env,
      found.found.filter(({ isPacked }) => isPacked).map(({ event }) => event),
    )
    const step = { ...found, isEnd: found.isEnd && isCounted }
    const due = (i: number) => dueOf(count + i, replay.perSecond, from)
    const deliveries = step.found.map((delivery, i) => ({ ...delivery, due: due(i) }))
    const nextDue = due(deliveries.length)
    const messages = await advanceReplay(env.DB, current, { ...step, deliveries, nextDue }, now)
    await sendMessages(env.RETRIES, messages, now)
    count += deliveries.length
    position = step.position
    if (found.isEnd) break
  }
  return count
}
