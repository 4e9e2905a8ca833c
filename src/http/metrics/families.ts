// What metric families are made of: the prefix of their names, and samples without the values that are not known.
import type { MetricFamily } from '../../core/ledger/prometheus.ts'

export const RESET = 'Decreases only when old events are deleted, which counts as a reset.'

export const PREFIX = 'membership_relay_'

export type Sample = { labels: Record<string, string>; value: number | undefined }

export const counter = (name: string, help: string, samples: Sample[]) =>
  family('counter', name, help, samples)
export const gauge = (name: string, help: string, samples: Sample[]) =>
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

export function byOutcome(
  labels: Record<string, string>,
  counts: Record<string, number>,
): Sample[] {
  return Object.entries(counts).map(([outcome, value]) => ({
    labels: { ...labels, outcome },
    value,
  }))
}

/** A time in epoch milliseconds, in seconds. */
export function seconds(ms: number | null | undefined): number | undefined {
  return ms === null || ms === undefined ? undefined : ms / 1000
}
