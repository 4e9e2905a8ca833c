// One run of a schedule: the world, the relay in it, the weather, and the inspector of what is promised.
import { createHash } from 'node:crypto'
import { Inspector } from './invariants/inspector.ts'
import { Journal, type Violation } from './journal.ts'
import type { Tree } from './machine/build.ts'
import { Clock } from './machine/clock.ts'
import type { World } from './machine/isolate.ts'
import { Random } from './machine/random.ts'
import { Relay } from './machine/relay.ts'
import { Sky } from './machine/sky.ts'
import { Weather } from './sky/apply.ts'
import type { Schedule } from './sky/schedule.ts'
import { varsOf } from './world/config.ts'
import { Driver } from './world/driver.ts'
import { Receivers } from './world/receivers.ts'
import { Senders } from './world/senders.ts'

export type Trees = { now: Tree; before: Tree }

/** What a run came to. */
export type Outcome = {
  violations: Violation[]
  /** A hash of everything that happened, in its order. */
  hash: string
  journal: Journal
  figures: Figures
}

/** Counts of a run. */
export type Figures = {
  days: number
  events: number
  deliveries: number
  attempts: number
  faults: Record<string, number>
  ticks: number
  statements: number
}

/** Monday, 4 January 2027. */
export const START = Date.UTC(2027, 0, 4)

const DAY = 86_400_000

/** Runs a schedule. `until`: ends at the first violation of an invariant, or of any where it is `any`. */
export async function simulate(schedule: Schedule, trees: Trees, until?: string): Promise<Outcome> {
  const clock = new Clock(START)
  const sky = new Sky()
  const hash = createHash('sha1')
  const tell = (...parts: unknown[]) => void hash.update(`${clock.now} ${parts.join(' ')}\n`)
  const journal = new Journal(clock)
  const sim = createParts(schedule, trees, { clock, sky, journal, tell })
  const end = START + schedule.days * DAY
  const isOver = () => journal.isFatal || journal.has(until)
  await clock.turnUntil(end, isOver)
  await finish(clock, sim.inspector.running)
  if (!isOver()) await sim.inspector.atEnd((promise) => finish(clock, promise))
  const { relay, senders, receivers, driver } = sim
  const { n = 0 } = relay.database.read<{ n: number }>(DELIVERIES)[0] ?? {}
  const { statements } = relay.database
  relay.database.close()
  return {
    violations: journal.violations,
    hash: hash.digest('hex'),
    journal,
    figures: {
      days: (clock.now - START) / DAY,
      events: senders.all.length,
      deliveries: n,
      attempts: receivers.requests,
      faults: countFaults(schedule),
      ticks: driver.ticks,
      statements,
    },
  }
}

const DELIVERIES = `SELECT (SELECT count(*) FROM deliveries) + (
  SELECT COALESCE(sum(state.value), 0) FROM packs, json_each(packs.states) AS state) AS n`

type Tell = (...parts: unknown[]) => void

function createParts(
  schedule: Schedule,
  trees: Trees,
  { clock, sky, journal, tell }: { clock: Clock; sky: Sky; journal: Journal; tell: Tell },
) {
  const random = new Random(schedule.seed, 'machine')
  const receivers = new Receivers({
    clock,
    random: new Random(schedule.seed, 'receivers'),
    events: {
      onRequest: (request) => {
        tell('request', request.target, request.event, request.attempt, request.status)
        inspector.onRequest(request)
      },
      onBreach: (text) => journal.violate('delivery', text),
    },
  })
  const world: World = {
    clock,
    random,
    sky,
    plan: schedule.plan ?? 'paid',
    fetch: (url, init, isolate) => receivers.fetch(url, init, isolate),
    log: (isolate, line) => {
      tell('log', isolate.id, line)
      journal.log(isolate.id, line)
    },
    onCut: (isolate) => {
      inspector.onCut()
      relay.replace(isolate)
    },
    onLimit: (what) => {
      // A list beyond the free plan's 50 statements is refused, and recorded in parts.
      if (schedule.plan === 'free' && what.includes('API requests')) journal.note(what)
      else journal.violate('limits', what)
    },
    onFlood: (what) => {
      journal.violate('floods', what)
      journal.isFatal = true
    },
  }
  const skew = schedule.skewMs ?? 0
  const relay = new Relay(
    world,
    { tree: trees.now, vars: varsOf(schedule.targets, [], schedule.hotDays) },
    {
      isolates: schedule.isolates,
      skewMs: () => (skew === 0 ? 0 : Math.round(random.between(-skew, skew))),
      hasArchive: schedule.archive ?? false,
      retentionSeconds: trees.now.retentionSeconds,
    },
  )
  const isBehind = schedule.faults.some(({ kind }) => kind === 'schema')
  const migrations = isBehind ? trees.now.migrations.slice(0, -1) : trees.now.migrations
  for (const sql of migrations) relay.database.migrate(sql)
  const senders = new Senders({
    clock,
    random: new Random(schedule.seed, 'senders'),
    relay,
    events: {
      onAnswer: (sending, status) => {
        tell('answer', sending.n, status)
        driver.wake()
        inspector.onAnswer(sending, status)
      },
      onAccepted: (sending) => inspector.onAccepted(sending),
    },
  })
  const weather = new Weather({
    ...{ clock, start: START, sky, relay, receivers, schedule, trees },
    onChange: (fault, what) => {
      tell('weather', fault.kind, what)
      if (what !== 'before') journal.weather(fault, what)
      inspector.onWeather(fault, what)
      driver.wake()
    },
  })
  const driver: Driver = new Driver({ clock, start: START, relay, senders, schedule, sky })
  const inspector: Inspector = new Inspector({
    ...{ clock, start: START, relay, senders, receivers, schedule, sky, weather, journal, driver },
  })
  weather.start()
  return { relay, senders, receivers, driver, inspector }
}

/** Turns the clock until a promise settles. */
async function finish<T>(clock: Clock, promise: Promise<T>): Promise<T> {
  let isSettled = false
  void promise
    .catch(() => {})
    .then(() => {
      isSettled = true
    })
  while (!isSettled) await clock.turnUntil(clock.now + 1000, () => isSettled)
  return promise
}

function countFaults({ faults }: Schedule): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { kind } of faults) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}
