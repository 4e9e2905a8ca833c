// The arithmetic of the benches: percentiles, and ratios of rounds with their spread.

/** The middle of some numbers, and the least and the greatest of them. */
export type Spread = { median: number; low: number; high: number }

/** The least of some numbers that so large a share (0 to 1) of them does not exceed. NaN without numbers. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const rank = Math.max(1, Math.ceil(sorted.length * share))
  return sorted[rank - 1] ?? Number.NaN
}

/** The median of some numbers; of an even count, the mean of the two in the middle. NaN without numbers. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length / 2
  const [low, high] = [sorted[Math.ceil(half) - 1], sorted[Math.floor(half)]]
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2
}

/** Median and range. */
export function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), low: Math.min(...values), high: Math.max(...values) }
}

/** The ratios of the two sides of each round. */
export function ratiosOf<T>(
  rounds: readonly (readonly [T, T])[],
  figureOf: (one: T) => number,
): Spread {
  return spreadOf(rounds.map(([a, b]) => figureOf(a) / figureOf(b)))
}

/** A spread as a table shows it: `0.91 (0.88–0.95)`. */
export function spreadText({ median: middle, low, high }: Spread, digits = 2): string {
  return `${middle.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`
}

/**
 * Runs two sides in turn, A B A B, after one turn each that does not count: a disturbance of the machine affects both.
 * Returns the pairs. The turns that do not count may be others, shorter ones.
 */
export async function alternate<T>(
  rounds: number,
  a: () => Promise<T>,
  b: () => Promise<T>,
  [warmA, warmB]: readonly [() => Promise<unknown>, () => Promise<unknown>] = [a, b],
): Promise<[T, T][]> {
  await warmA()
  await warmB()
  const pairs: [T, T][] = []
  for (let i = 0; i < rounds; i++) pairs.push([await a(), await b()])
  return pairs
}

/**
 * Combines pairs of turns into rounds of so many. Short turns of both sides meet the machine at the same speed; many of them
 * are needed to measure rare latencies.
 */
export function inRounds<T>(
  pairs: readonly (readonly [T, T])[],
  turns: number,
  together: (turns: T[]) => T,
): [T, T][] {
  return Array.from({ length: Math.ceil(pairs.length / turns) }, (_, i) => {
    const round = pairs.slice(i * turns, (i + 1) * turns)
    return [together(round.map(([a]) => a)), together(round.map(([, b]) => b))]
  })
}
