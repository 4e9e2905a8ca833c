// Metrics in the text format 0.0.4 of Prometheus
// (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format). Base units: seconds.
import { type Bounds, type Histogram, sizeOf } from './histogram.ts'

/** The media type of the format. */
export const PROMETHEUS_TEXT = 'text/plain; version=0.0.4; charset=utf-8'

type Labels = Record<string, string>

/** All samples of one metric; they differ in their labels. Histogram bounds are milliseconds, exposed as seconds. */
export type MetricFamily = { name: string; help: string } & (
  | { type: 'counter' | 'gauge'; samples: { labels: Labels; value: number }[] }
  | { type: 'histogram'; bounds: Bounds; samples: { labels: Labels; histogram: Histogram }[] }
)

/** The metrics as text. Values of labels and help texts are escaped; names must be valid. */
export function formatMetrics(families: readonly MetricFamily[]): string {
  return families.map((family) => `${[...head(family), ...lines(family)].join('\n')}\n`).join('')
}

function head({ name, help, type }: MetricFamily): string[] {
  const escaped = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
  return [`# HELP ${name} ${escaped}`, `# TYPE ${name} ${type}`]
}

function lines(family: MetricFamily): string[] {
  const { name } = family
  if (family.type !== 'histogram') {
    return family.samples.map(({ labels, value }) => line(name, labels, value))
  }
  return family.samples.flatMap(({ labels, histogram }) => {
    const limits = [...family.bounds.map((bound) => String(bound / 1000)), '+Inf']
    let below = 0
    return [
      ...limits.map((le, bucket) => {
        below += histogram.counts[bucket] ?? 0
        return line(`${name}_bucket`, { ...labels, le }, below)
      }),
      line(`${name}_sum`, labels, histogram.ms / 1000),
      line(`${name}_count`, labels, sizeOf(histogram)),
    ]
  })
}

function line(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeValue(text)}"`)
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}`
}

function escapeValue(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
