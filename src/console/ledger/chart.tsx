// Stacked bars per hour, as SVG.

import type { Tone } from '../components.tsx'

/** A count for each hour, and its colour. */
type Series = {
  name: string
  tone: Tone
  counts: readonly number[]
}

const WIDTH = 1000
const HEIGHT = 100

/** A chart of stacked series of the same hours. `title` describes it for screen readers. */
export function BarChart({ title, series }: { title: string; series: readonly Series[] }) {
  const hours = Math.max(1, ...series.map(({ counts }) => counts.length))
  const sums = Array.from({ length: hours }, (_, i) => sumAt(series, i))
  const highest = Math.max(1, ...sums)
  const step = WIDTH / hours
  return (
    <svg
      class="chart"
      viewBox={`0 0 ${WIDTH} ${HEIGHT + 2}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`${title}; at most ${highest} in an hour`}
    >
      {series.map(({ tone, counts }, n) => (
        <path
          class={`ink-${tone}`}
          fill="none"
          stroke-width={Math.max(1, step * 0.8)}
          d={counts
            .map((count, i) => {
              if (count === 0) return ''
              const base = sumAt(series.slice(0, n), i)
              const [from, to] = [base, base + count].map((one) => HEIGHT * (1 - one / highest))
              return `M${round((i + 0.5) * step)} ${round(from ?? 0)}V${round(to ?? 0)}`
            })
            .join('')}
        />
      ))}
      <path class="axis" d={`M0 ${HEIGHT + 1}H${WIDTH}`} />
    </svg>
  )
}

/** A bar for a part of a whole. */
export function Bar({ part, of, tone }: { part: number; of: number; tone: Tone }) {
  const width = of === 0 ? 0 : (100 * part) / of
  return (
    <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
      <rect class={`ink-${tone}`} stroke="none" width={round(width)} height="10" />
    </svg>
  )
}

function sumAt(series: readonly Series[], i: number): number {
  return series.reduce((sum, { counts }) => sum + (counts[i] ?? 0), 0)
}

function round(number: number): number {
  return Math.round(number * 10) / 10
}
