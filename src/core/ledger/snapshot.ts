// The figures of sources and targets for API, metrics and console, computed from the statistics once a minute.
import { DELIVERY_STATES, type DeliveryState } from '../deliveries/delivery.ts'
import { EVENT_STATUSES, type EventStatus, RECEIVED_STATUSES } from '../events/event.ts'
import type { Refusals } from '../intake/refusals.ts'
import { HOUR_MS } from '../period.ts'
import {
  ANSWER_BOUNDS_MS,
  type Bounds,
  emptyHistogram,
  type Histogram,
  LATENCY_BOUNDS_MS,
  quantile,
} from './histogram.ts'
import { NO_RHYTHM, type Rhythm } from './rhythm.ts'
import {
  ATTEMPT_OUTCOMES,
  type AttemptOutcome,
  type Figure,
  type FigureKind,
  type HourlyFigure,
} from './statistics.ts'
import type { OldestWaiting, Trouble } from './trouble.ts'

/** Events by their first status. */
type Received = Record<(typeof RECEIVED_STATUSES)[number], number>

/** The number of attempts, and of successful ones. */
type Attempts = { made: number; delivered: number }

/** In milliseconds; null without data. */
type Percentiles = { p50: number | null; p95: number | null; p99: number | null }

/** The last successful or failed attempt. `at` in epoch milliseconds. */
type LastAttempt = { at: number; outcome: AttemptOutcome; status: number | null }

/** The figures of a target. Totals cover the whole log; times are epoch milliseconds. */
export type TargetFigures = {
  name: string
  deliveries: Record<DeliveryState, number>
  attempts: Record<AttemptOutcome, number>
  /** Response times of the target. Attempts that failed within the relay are not counted. */
  answer: Histogram
  /** Times from acceptance to the first success. */
  latency: Histogram
  lastSuccess: LastAttempt | null
  lastFailure: LastAttempt | null
  /** When its oldest waiting delivery is or was due. */
  oldestDue: number | null
  /** When the event of its oldest held delivery was received. */
  oldestHeld: number | null
  hour: Attempts
  day: Attempts & { answer: Percentiles; latency: Percentiles }
  /** Not in the snapshot of an earlier version. */
  trouble?: Trouble
}

/**
 * The figures of a source; `relay` is the source of the relay's own events. Tests count in totals and `lastTest` only.
 */
export type SourceFigures = {
  name: string
  /** Events by their first status. */
  received: Received
  /** Events by their present status. */
  events: Record<EventStatus, number>
  /** Epoch milliseconds. */
  lastSeen: number | null
  lastTest: number | null
  hour: Received
  day: Received
  rhythm: Rhythm
}

/** The figures of all sources and targets. */
export type Snapshot = {
  /**
   * The present hour, in hours since 1970. A figure's `hour` covers it and the one before, its `day` it and the 24
   * before.
   */
  hour: number
  sources: SourceFigures[]
  targets: TargetFigures[]
  /** Requests that were refused in the last 24 hours. Not in the snapshot of an earlier version. */
  refusals?: readonly Refusals[]
}

/** The first hour that `day` covers, in hours since 1970. */
export const firstHourOfDay = (now: number) => Math.floor(now / HOUR_MS) - 24
const firstHourOfHour = (hour: number) => hour - 1

/** The inputs of a snapshot besides statistics: configured names, oldest waiting deliveries, and rhythms by source. */
type SnapshotInputs = {
  sources: readonly string[]
  targets: readonly string[]
  waiting: readonly OldestWaiting[]
  rhythms: ReadonlyMap<string, Rhythm>
  refusals: readonly Refusals[]
}

/** The figures at `now` (epoch milliseconds) of all sources and targets that are configured or in the log. */
export function composeSnapshot(
  { total, recent }: { total: readonly Figure[]; recent: readonly HourlyFigure[] },
  inputs: SnapshotInputs,
  now: number,
): Snapshot {
  const hour = Math.floor(now / HOUR_MS)
  const last = recent.filter(({ made }) => made >= firstHourOfHour(hour))
  const namesOf = (configured: readonly string[], ...kinds: FigureKind[]) =>
    [...new Set([...configured, ...ofKind(total, ...kinds).map(({ name }) => name)])].sort()
  const ofName = (name: string): OwnFigures => {
    const own = <F extends Figure>(figures: readonly F[]) =>
      figures.filter((figure) => figure.name === name)
    return { name, total: own(total), hour: own(last), day: own(recent) }
  }
  return {
    hour,
    sources: namesOf(inputs.sources, 'event').map((name) =>
      sourceFigures(ofName(name), inputs.rhythms.get(name) ?? NO_RHYTHM),
    ),
    targets: namesOf(inputs.targets, 'delivery').map((name) =>
      targetFigures(
        ofName(name),
        inputs.waiting.find(({ target }) => target === name),
      ),
    ),
    refusals: inputs.refusals,
  }
}

/** The statistics of one source or target. */
type OwnFigures = {
  name: string
  total: readonly Figure[]
  hour: readonly Figure[]
  day: readonly Figure[]
}

function sourceFigures({ name, total, hour, day }: OwnFigures, rhythm: Rhythm): SourceFigures {
  const received = (figures: readonly Figure[]) =>
    countsBy(RECEIVED_STATUSES, ofKind(figures, 'received', 'test'))
  return {
    name,
    received: received(total),
    events: countsBy(EVENT_STATUSES, ofKind(total, 'event')),
    lastSeen: lastOf(ofKind(total, 'received'))?.last ?? null,
    lastTest: lastOf(ofKind(total, 'test'))?.last ?? null,
    hour: received(hour),
    day: received(day),
    rhythm,
  }
}

function targetFigures(
  { name, total, hour, day }: OwnFigures,
  waiting: OldestWaiting | undefined,
): TargetFigures {
  const attempts = ofKind(total, 'attempt')
  const isSuccess = ({ outcome }: Figure) => outcome === 'delivered'
  return {
    name,
    deliveries: countsBy(DELIVERY_STATES, ofKind(total, 'delivery')),
    attempts: countsBy(ATTEMPT_OUTCOMES, attempts),
    answer: answersIn(total),
    latency: latenciesIn(total),
    lastSuccess: lastAttempt(attempts.filter(isSuccess)),
    lastFailure: lastAttempt(attempts.filter((figure) => !isSuccess(figure))),
    oldestDue: waiting?.oldestDue ?? null,
    oldestHeld: waiting?.oldestHeld ?? null,
    hour: attemptsIn(hour),
    day: {
      ...attemptsIn(day),
      answer: percentiles(answersIn(day), ANSWER_BOUNDS_MS),
      latency: percentiles(latenciesIn(day), LATENCY_BOUNDS_MS),
    },
  }
}

const ofKind = (figures: readonly Figure[], ...kinds: FigureKind[]) =>
  figures.filter(({ kind }) => kinds.includes(kind))

function countsBy<S extends string>(
  outcomes: readonly S[],
  figures: readonly Figure[],
): Record<S, number> {
  const countOf = (outcome: S) =>
    sumOf(figures.filter((figure) => figure.outcome === outcome).map(({ count }) => count))
  return Object.fromEntries(outcomes.map((outcome) => [outcome, countOf(outcome)])) as Record<
    S,
    number
  >
}

function attemptsIn(figures: readonly Figure[]): Attempts {
  const attempts = ofKind(figures, 'attempt')
  return {
    made: sumOf(attempts.map(({ count }) => count)),
    delivered: countsBy(['delivered'], attempts).delivered,
  }
}

/** Response times. An attempt that failed within the relay has none. */
function answersIn(figures: readonly Figure[]): Histogram {
  const made = ofKind(figures, 'attempt').filter(({ outcome }) => outcome !== 'fault')
  return histogramOf(made, ANSWER_BOUNDS_MS)
}

function latenciesIn(figures: readonly Figure[]): Histogram {
  return histogramOf(ofKind(figures, 'latency'), LATENCY_BOUNDS_MS)
}

function histogramOf(figures: readonly Figure[], bounds: Bounds): Histogram {
  const inBucket = (bucket: number) =>
    sumOf(figures.filter((figure) => figure.bucket === bucket).map(({ count }) => count))
  return {
    counts: emptyHistogram(bounds).counts.map((_, bucket) => inBucket(bucket)),
    ms: sumOf(figures.map(({ ms }) => ms)),
  }
}

function percentiles(histogram: Histogram, bounds: Bounds): Percentiles {
  const at = (share: number) => quantile(histogram, bounds, share)
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) }
}

/** The figure with the latest `last`. */
function lastOf<F extends Figure>(figures: readonly F[]): F | undefined {
  return figures.reduce<F | undefined>(
    (latest, figure) => (figure.last > (latest?.last ?? 0) ? figure : latest),
    undefined,
  )
}

function lastAttempt(attempts: readonly Figure[]): LastAttempt | null {
  const figure = lastOf(attempts)
  if (figure === undefined) return null
  const { last: at, outcome, status } = figure
  return { at, outcome: outcome as AttemptOutcome, status }
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0)
}
