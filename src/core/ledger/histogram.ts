// How long things took: counts in fixed buckets, which can be added up and tell percentiles.

/** The upper bounds of the buckets, in milliseconds; one more bucket holds what is longer than the last. */
export type Bounds = readonly number[]

// A roll-up keeps the number of a bucket (store/ledger/statistics.ts): whoever changes these has the hours counted again.

/** For the answer of a target: the longest timeout is 30 s. */
export const ANSWER_BOUNDS_MS: Bounds = [
  10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 20_000, 30_000,
]

/** From accept to the first success: at once, or after some attempts of the default schedule (core/deliveries/retry.ts). */
export const LATENCY_BOUNDS_MS: Bounds = [
  100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 900_000, 2_700_000, 10_800_000,
  28_800_000, 86_400_000, 259_200_000,
]

/** How many fell into each bucket, and how long all of them took together, in milliseconds. */
export type Histogram = { counts: number[]; ms: number }

/** A histogram with nothing in it. */
export function emptyHistogram(bounds: Bounds): Histogram {
  return { counts: Array.from({ length: bounds.length + 1 }, () => 0), ms: 0 }
}

/** How many a histogram counts. */
export function sizeOf({ counts }: Histogram): number {
  return counts.reduce((sum, count) => sum + count, 0)
}

/**
 * The time that a share of all (0.95) stayed below, in milliseconds, as if what is in a bucket were spread evenly; the last
 * bound for what is beyond it. Null when nothing was counted.
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
