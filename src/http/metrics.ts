// GET /metrics: the last snapshot as Prometheus reads it, with the state of each target as it is now.
import { Hono } from 'hono/tiny'
import type { Config } from '../config.ts'
import { HEALTHY, type Health, TARGET_STATES } from '../core/deliveries/breaker.ts'
import { isBroken } from '../core/deliveries/target.ts'
import { RELAY_SOURCE } from '../core/events/system-event.ts'
import { ANSWER_BOUNDS_MS, LATENCY_BOUNDS_MS } from '../core/ledger/histogram.ts'
import { formatMetrics, type MetricFamily, PROMETHEUS_TEXT } from '../core/ledger/prometheus.ts'
import { isUnusuallySilent } from '../core/ledger/rhythm.ts'
import type { SourceFigures, TargetFigures } from '../core/ledger/snapshot.ts'
import type { Env } from '../env.ts'
import { listHealth } from '../store/deliveries/targets.ts'
import { getSnapshot, type TakenSnapshot } from '../store/ledger/snapshot.ts'
import { tokenRequired } from './access.ts'
import { describe } from './operation.ts'
import type { ApiTools } from './tools.ts'

/** The route of `/metrics`, for who has the operator's token. */
export function metrics({ configOf, now }: ApiTools) {
  return new Hono<{ Bindings: Env }>().use(tokenRequired).get('/', describe(Metrics), async (c) => {
    const [snapshot, healths] = await Promise.all([getSnapshot(c.env.DB), listHealth(c.env.DB)])
    const states = stateFamily(configOf(c.env).targets, healths)
    const families = [...ofSnapshot(snapshot, now()), states]
    return c.body(formatMetrics(families), 200, { 'content-type': PROMETHEUS_TEXT })
  })
}

const Metrics = {
  summary: 'How sources and targets fare, for Prometheus',
  answers: { 200: 'Metrics in the text format 0.0.4' },
}

const RESET = 'Falls only when history is deleted, which counts as a reset.'

function ofSnapshot(snapshot: TakenSnapshot | undefined, now: number): MetricFamily[] {
  const { sources, targets, asOf } = snapshot ?? { sources: [], targets: [], asOf: undefined }
  return [
    ...ofSources(sources, now),
    ...ofTargets(targets),
    gauge(
      'snapshot_timestamp_seconds',
      'When these figures last changed; each hour at least while the cron runs.',
      [{ labels: {}, value: seconds(asOf) }],
    ),
  ]
}

function ofSources(all: readonly SourceFigures[], now: number): MetricFamily[] {
  // What the relay tells of itself comes from no sender.
  const sources = all.filter(({ name }) => name !== RELAY_SOURCE)
  const each = (figureOf: (source: SourceFigures) => number | undefined) =>
    sources.map((source) => ({ labels: { source: source.name }, value: figureOf(source) }))
  return [
    counter(
      'events_received_total',
      `Events by what became of them when they came. ${RESET}`,
      sources.flatMap(({ name: source, received }) => byOutcome({ source }, received)),
    ),
    gauge(
      'events_quarantined',
      'Events that are not understood yet, dismissed ones included.',
      each(({ events }) => events.quarantined),
    ),
    gauge(
      'source_last_seen_timestamp_seconds',
      'When the last event came, tests left out.',
      each(({ lastSeen }) => seconds(lastSeen)),
    ),
    gauge(
      'source_silent',
      '1 when nothing has come for longer than ever in the last four weeks.',
      each(({ rhythm, lastSeen }) =>
        lastSeen === null ? undefined : Number(isUnusuallySilent(rhythm, lastSeen, now)),
      ),
    ),
  ]
}

function ofTargets(targets: readonly TargetFigures[]): MetricFamily[] {
  const each = (figureOf: (target: TargetFigures) => number | undefined) =>
    targets.map((target) => ({ labels: { target: target.name }, value: figureOf(target) }))
  const histograms = (histogram: 'answer' | 'latency') =>
    targets.map((target) => ({ labels: { target: target.name }, histogram: target[histogram] }))
  return [
    gauge(
      'deliveries',
      'Deliveries in the log by their state.',
      targets.flatMap(({ name: target, deliveries }) =>
        Object.entries(deliveries).map(([state, value]) => ({ labels: { target, state }, value })),
      ),
    ),
    gauge(
      'backlog_deliveries',
      'Deliveries that are pending, retrying or held.',
      each(({ deliveries: { pending, retrying, held } }) => pending + retrying + held),
    ),
    gauge(
      'oldest_due_timestamp_seconds',
      'When the next pending or retrying delivery is due; overdue when it is past.',
      each(({ oldestDue }) => seconds(oldestDue)),
    ),
    gauge(
      'oldest_held_timestamp_seconds',
      'When the event came that is held the longest.',
      each(({ oldestHeld }) => seconds(oldestHeld)),
    ),
    counter(
      'attempts_total',
      `Attempts by outcome. ${RESET}`,
      targets.flatMap(({ name: target, attempts }) => byOutcome({ target }, attempts)),
    ),
    gauge(
      'last_success_timestamp_seconds',
      'When the last attempt succeeded.',
      each(({ lastSuccess }) => seconds(lastSuccess?.at)),
    ),
    gauge(
      'last_failure_timestamp_seconds',
      'When the last attempt failed.',
      each(({ lastFailure }) => seconds(lastFailure?.at)),
    ),
    {
      name: `${PREFIX}attempt_duration_seconds`,
      help: `How long a target took to answer, or until it was given up on. ${RESET}`,
      type: 'histogram',
      bounds: ANSWER_BOUNDS_MS,
      samples: histograms('answer'),
    },
    {
      name: `${PREFIX}delivery_latency_seconds`,
      help: `From accept to the first success, rests and replays included. ${RESET}`,
      type: 'histogram',
      bounds: LATENCY_BOUNDS_MS,
      samples: histograms('latency'),
    },
  ]
}

/** One of the states of each target is 1. */
function stateFamily(
  targets: Config['targets'],
  healths: ReadonlyMap<string, Health>,
): MetricFamily {
  const stateOf = (target: Config['targets'][number]) => {
    if (isBroken(target)) return 'broken'
    return target.enabled ? (healths.get(target.name) ?? HEALTHY).state : 'disabled'
  }
  return gauge(
    'target_state',
    '1 for the state in which a target is; open means that its breaker lets it rest.',
    targets.flatMap((target) =>
      [...TARGET_STATES, 'disabled', 'broken'].map((state) => ({
        labels: { target: target.name, state },
        value: Number(stateOf(target) === state),
      })),
    ),
  )
}

const PREFIX = 'membership_relay_'

type Sample = { labels: Record<string, string>; value: number | undefined }

const counter = (name: string, help: string, samples: Sample[]) =>
  family('counter', name, help, samples)
const gauge = (name: string, help: string, samples: Sample[]) =>
  family('gauge', name, help, samples)

/** A family of the samples that have a value. */
function family(
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  samples: Sample[],
): MetricFamily {
  const known = samples.flatMap(({ labels, value }) =>
    value === undefined ? [] : [{ labels, value }],
  )
  return { name: PREFIX + name, help, type, samples: known }
}

function byOutcome(labels: Record<string, string>, counts: Record<string, number>): Sample[] {
  return Object.entries(counts).map(([outcome, value]) => ({
    labels: { ...labels, outcome },
    value,
  }))
}

function seconds(ms: number | null | undefined): number | undefined {
  return ms === null || ms === undefined ? undefined : ms / 1000
}
