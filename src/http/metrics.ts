// GET /metrics: the last snapshot in the Prometheus format, with the current state of each target.
import { Hono } from 'hono/tiny'
import type { Config } from '../config.ts'
import { HEALTHY, type Health, TARGET_STATES } from '../core/deliveries/breaker.ts'
import { isBroken } from '../core/deliveries/target.ts'
import { RELAY_SOURCE } from '../core/events/system-event.ts'
import { ANSWER_BOUNDS_MS, LATENCY_BOUNDS_MS } from '../core/ledger/histogram.ts'
import { formatMetrics, type MetricFamily, PROMETHEUS_TEXT } from '../core/ledger/prometheus.ts'
import { isUnusuallySilent } from '../core/ledger/rhythm.ts'
import type { SourceFigures, TargetFigures } from '../core/ledger/snapshot.ts'
import { CAUSES } from '../core/operate/attention/entry.ts'
import type { SpillStatus } from '../core/operate/attention/spill.ts'
import type { Env } from '../env.ts'
import { readStatus, type Status } from '../stages/operate/attention.ts'
import { listHealth } from '../store/deliveries/targets.ts'
import { getSnapshot, type StoredSnapshot } from '../store/ledger/snapshot.ts'
import { tokenRequired } from './access.ts'
import { describe } from './operation.ts'
import type { ApiTools } from './tools.ts'

/** The route of `/metrics`, behind the bearer token. */
export function metrics({ configOf, ...tools }: ApiTools) {
  return new Hono<{ Bindings: Env }>()
    .use(tokenRequired(tools))
    .get('/', describe(Metrics), async (c) => {
      const config = configOf(c.env)
      const [snapshot, healths, status] = await Promise.all([
        getSnapshot(c.env.DB),
        listHealth(c.env.DB),
        readStatus(c.env, config, tools),
      ])
      const families = [
        ...ofSnapshot(snapshot, tools.now()),
        stateFamily(config.targets, healths),
        ...ofRelay(status, config),
        ...ofSpill(status.spill),
      ]
      return c.body(formatMetrics(families), 200, { 'content-type': PROMETHEUS_TEXT })
    })
}

const Metrics = {
  summary: 'Figures of sources and targets, for Prometheus',
  answers: { 200: 'Metrics in the Prometheus text format 0.0.4' },
}

/** The relay itself: what needs attention, its database, its schema, its cron and its configuration. */
function ofRelay({ attention, database, schema }: Status, config: Config): MetricFamily[] {
  const one = (value: number | null | undefined) => [{ labels: {}, value: value ?? undefined }]
  return [
    gauge(
      'attention',
      'What needs attention, by cause: the number of entries of GET /api/attention.',
      CAUSES.map((cause) => ({
        labels: { cause },
        value: attention.filter((entry) => entry.cause === cause).length,
      })),
    ),
    gauge('database_bytes', 'The size of the database.', one(database?.bytes)),
    gauge('database_limit_bytes', 'Its limit (DATABASE_MB).', one(config.databaseBytes)),
    gauge(
      'cron_last_run_timestamp_seconds',
      'When the cron last completed a run, to five minutes.',
      one(seconds(database?.state.cronAt)),
    ),
    gauge(
      'schema_apart',
      '1 when the schema of the database is not that of this version.',
      one(schema && Number(schema.state !== 'current')),
    ),
    gauge('config_errors', 'Errors in the configuration.', one(config.errors.length)),
  ]
}

const RESET = 'Decreases only when old events are deleted, which counts as a reset.'

function ofSnapshot(snapshot: StoredSnapshot | undefined, now: number): MetricFamily[] {
  const { sources, targets, asOf } = snapshot ?? { sources: [], targets: [], asOf: undefined }
  return [
    ...ofSources(sources, now),
    ...ofTargets(targets),
    gauge(
      'refused_requests',
      'Requests that were refused in the last 24 hours; no source for names that are not configured.',
      (snapshot?.refusals ?? []).map(({ source, cause, count }) => ({
        labels: { source: source ?? '', cause },
        value: count,
      })),
    ),
    gauge(
      'snapshot_timestamp_seconds',
      'When these figures last changed; at least hourly while the cron job runs.',
      [{ labels: {}, value: seconds(asOf) }],
    ),
  ]
}

function ofSources(all: readonly SourceFigures[], now: number): MetricFamily[] {
  // The events of the relay itself come from no sender.
  const sources = all.filter(({ name }) => name !== RELAY_SOURCE)
  const each = (figureOf: (source: SourceFigures) => number | undefined) =>
    sources.map((source) => ({ labels: { source: source.name }, value: figureOf(source) }))
  return [
    counter(
      'events_received_total',
      `Events by their status on arrival. ${RESET}`,
      sources.flatMap(({ name: source, received }) => byOutcome({ source }, received)),
    ),
    gauge(
      'events_quarantined',
      'Events in quarantine, including dismissed ones.',
      each(({ events }) => events.quarantined),
    ),
    gauge(
      'source_last_seen_timestamp_seconds',
      'When the last event came in, without tests.',
      each(({ lastSeen }) => seconds(lastSeen)),
    ),
    gauge(
      'source_silent',
      '1 when nothing has come in for longer than ever in the last four weeks.',
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
      'Deliveries in the log by state.',
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
      'When the next pending or retrying delivery is due; in the past when it is overdue.',
      each(({ oldestDue }) => seconds(oldestDue)),
    ),
    gauge(
      'oldest_held_timestamp_seconds',
      'When the event of the longest-held delivery came in.',
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
      help: `How long a target took to respond, or until its timeout. ${RESET}`,
      type: 'histogram',
      bounds: ANSWER_BOUNDS_MS,
      samples: histograms('answer'),
    },
    {
      name: `${PREFIX}delivery_latency_seconds`,
      help: `From accepting an event to its first successful delivery, including back-off and replays. ${RESET}`,
      type: 'histogram',
      bounds: LATENCY_BOUNDS_MS,
      samples: histograms('latency'),
    },
  ]
}

/** For each target, 1 for its state and 0 for the others. */
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
    '1 for the current state of a target, 0 for the others.',
    targets.flatMap((target) =>
      [...TARGET_STATES, 'disabled', 'broken'].map((state) => ({
        labels: { target: target.name, state },
        value: Number(stateOf(target) === state),
      })),
    ),
  )
}

function ofSpill(spill: SpillStatus | null): MetricFamily[] {
  const oldest = spill?.oldest_message ?? undefined
  return [
    gauge('spill_requests', 'Accepted requests that wait in the spill queue for D1.', [
      { labels: {}, value: spill?.requests },
    ]),
    gauge(
      'spill_oldest_timestamp_seconds',
      'When the oldest message of the spill queue was sent; it is renewed every 12 hours.',
      [{ labels: {}, value: oldest === undefined ? undefined : seconds(Date.parse(oldest)) }],
    ),
  ]
}

const PREFIX = 'membership_relay_'

type Sample = { labels: Record<string, string>; value: number | undefined }

const counter = (name: string, help: string, samples: Sample[]) =>
  family('counter', name, help, samples)
const gauge = (name: string, help: string, samples: Sample[]) =>
  family('gauge', name, help, samples)

/** A metric family, without the samples that have no value. */
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
