// The metrics of sources and targets.
import type { Config } from '../../config.ts'
import { HEALTHY, type Health, TARGET_STATES } from '../../core/deliveries/breaker.ts'
import { isBroken } from '../../core/deliveries/target.ts'
import { RELAY_SOURCE } from '../../core/events/system-event.ts'
import { ANSWER_BOUNDS_MS, LATENCY_BOUNDS_MS } from '../../core/ledger/histogram.ts'
import type { MetricFamily } from '../../core/ledger/prometheus.ts'
import { isUnusuallySilent } from '../../core/ledger/rhythm.ts'
import type { SourceFigures, TargetFigures } from '../../core/ledger/snapshot.ts'
import type { StoredSnapshot } from '../../store/ledger/snapshot.ts'
import { byOutcome, counter, gauge, PREFIX, RESET, seconds } from './families.ts'

/** The figures of the last snapshot; none before the first. */
export function ofSnapshot(snapshot: StoredSnapshot | undefined, now: number): MetricFamily[] {
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
export function stateFamily(
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
