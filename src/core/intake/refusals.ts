// Requests that `/in/` refused, counted by source and cause.
import type { Rejection } from '../result.ts'

/** Refused requests of one source with one cause. `source`: null for a name that is not configured, which is never kept. */
export type Refusals = {
  source: string | null
  cause: string
  count: number
  /** When the last of them came, in epoch milliseconds. */
  last: number
}

/** The cause of a refusal in one word: that of a failed authentication, else the kind. */
export function causeOf(rejection: Rejection): string {
  return rejection.kind === 'unauthenticated' ? rejection.cause : rejection.kind
}

/** Adds counts of the same source and cause. */
export function mergeRefusals(...all: readonly Refusals[]): Refusals[] {
  const merged = new Map<string, Refusals>()
  for (const one of all) {
    const key = JSON.stringify([one.source, one.cause])
    const known = merged.get(key)
    merged.set(key, {
      ...one,
      count: one.count + (known?.count ?? 0),
      last: Math.max(one.last, known?.last ?? 0),
    })
  }
  return [...merged.values()]
}
