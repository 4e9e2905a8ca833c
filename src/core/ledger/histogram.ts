// Durations as histograms: counts in fixed buckets, which can be added up and give percentiles.

/** The upper bounds of the buckets, in milliseconds. One more bucket holds longer durations. */
export type Bounds = readonly number[]

// Stored statistics refer to buckets by number (store/ledger/statistics.ts): a change of bounds needs a recount of all
// segments.

/** Bounds for the response times of targets. The longest timeout is 30 s. */
export const ANSWER_BOUNDS_MS: Bounds = [
  10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 20_000, 30_000,
]

/**
 * Bounds for the time from acceptance to the first success, with retries of the default schedule
 * (core/deliveries/retry.ts).
 */
export const LATENCY_BOUNDS_MS: Bounds = [
  100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 900_000, 2_700_000, 10_800_000,
  28_800_000, 86_400_000, 259_200_000,
]

/** The count of each bucket, and the sum of all durations in milliseconds. */
export type Histogram = { counts: number[]; ms: number }

/** A histogram without durations. */
export function emptyHistogram(bounds: Bounds): Histogram {
  return { counts: Array.from({ length: bounds.length + 1 }, () => 0), ms: 0 }
}

/** The number of durations in a histogram. */
export function sizeOf({ counts }: Histogram): number {
  return counts.reduce((sum, count) => sum + count, 0)
}

/**
 * A quantile (`share` 0.95 for p95) in milliseconds, interpolated within its bucket as Prometheus' `histogram_quantile`
 * does; the last bound if it is in the bucket above. Null for an empty histogram.
 */
export function quantile(histogram: Histogram, bounds: Bounds, share: number): number | null {
  const size = sizeOf(histogram)
  if (size === 0) return null
  const rank = share * size
  let below = 0
  for (const [i, count] of histogram.counts.entries()) {
    if (count > 0 && below + count >= rank) {
      const [from, to] = [bounds[i - 1] ?? 0, bounds[i] ?? bounds[i - 1] ?? 0]
      return Math.round(from + (to - from) * ((rank - below) / count))
    }
    below += count
  }
  return bounds.at(-1) ?? null
}
