// How sources and targets fare, as API, metrics and console show it: made of the statistics once a minute.
import { DELIVERY_STATES, type DeliveryState } from '../deliveries/delivery.ts'
import { EVENT_STATUSES, type EventStatus, RECEIVED_STATUSES } from '../events/event.ts'
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

/** What became of events when they came. */
type Received = Record<(typeof RECEIVED_STATUSES)[number], number>

/** How attempts fared, and how many of them succeeded. */
type Attempts = { made: number; delivered: number }

/** Milliseconds; null when there was nothing. */
type Percentiles = { p50: number | null; p95: number | null; p99: number | null }

/** What the last success or failure was. `at` in epoch milliseconds. */
type LastAttempt = { at: number; outcome: AttemptOutcome; status: number | null }

/** A target. Totals are of the whole log, times are epoch milliseconds. */
export type TargetFigures = {
  name: string
  deliveries: Record<DeliveryState, number>
  attempts: Record<AttemptOutcome, number>
  /** How long the target took to answer, faults of ours left out. */
  answer: Histogram
  /** From accept to the first success. */
  latency: Histogram
  lastSuccess: LastAttempt | null
  lastFailure: LastAttempt | null
  /** When the next of its deliveries is due, or was when that is past. */
  oldestDue: number | null
  /** When the event came that is held for it the longest. */
  oldestHeld: number | null
  hour: Attempts
  day: Attempts & { answer: Percentiles; latency: Percentiles }
}

/** A source, `relay` among them: what it tells of itself. Totals and `lastTest` know tests, all else leaves them out. */
export type SourceFigures = {
  name: string
  /** By what became of its events when they came. */
  received: Received
  /** By what became of them since. */
  events: Record<EventStatus, number>
  /** Epoch milliseconds. */
  lastSeen: number | null
  lastTest: number | null
  hour: Received
  day: Received
  rhythm: Rhythm
}

/** What each minute tells. */
export type Snapshot = {
  /** The present hour, since 1970. `hour` above is this one and the one before, `day` this one and the 24 before. */
  hour: number
  sources: SourceFigures[]
  targets: TargetFigures[]
}

/** What waits for a target the longest: when it is due, and when it came if it is held (epoch milliseconds). */
export type OldestWaiting = { target: string; oldestDue: number | null; oldestHeld: number | null }

/** The first hour of those that `day` and `hour` look at, since 1970. */
export const firstHourOfDay = (now: number) => Math.floor(now / HOUR_MS) - 24
const firstHourOfHour = (hour: number) => hour - 1

/** What a snapshot takes beside the statistics: what is configured, what waits, and the rhythm of each source. */
export type SnapshotInputs = {
  sources: readonly string[]
  targets: readonly string[]
  waiting: readonly OldestWaiting[]
  rhythms: ReadonlyMap<string, Rhythm>
}

/** What there is to tell at `now` (epoch milliseconds) of all that is configured or in the log. */
export function composeSnapshot(
  { total, recent }: { total: readonly Figure[]; recent: readonly HourlyFigure[] },
  setting: SnapshotInputs,
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
    sources: namesOf(setting.sources, 'event').map((name) =>
      sourceFigures(ofName(name), setting.rhythms.get(name) ?? NO_RHYTHM),
    ),
    targets: namesOf(setting.targets, 'delivery').map((name) =>
      targetFigures(
        ofName(name),
        setting.waiting.find(({ target }) => target === name),
      ),
    ),
  }
}

/** What the statistics say of one source or target. */
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

/** The times that targets took; where a fault of ours kept an attempt from being made, there was none to answer. */
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

/** The figure of which something happened last. */
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
